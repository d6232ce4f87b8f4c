// Names of the copies that a schedule makes: `hourly-cpesy-g82fd` of the schedule `hourly-cpesy`.

/** As copies of an app may be called. */
const LENGTH_MAX = 63
export const SUFFIX_LENGTH = 5
/** Neither vowels nor what looks alike: no words come about, and nobody misreads one. */
const SUFFIX_LETTERS = 'bcdfghjkmnpqrstvwxz2456789'

/** `random`: as many bytes as the suffix has letters, or more. */
export function scheduledCopyName(scheduleName: string, random: Uint8Array): string {
  const suffix = [...random.subarray(0, SUFFIX_LENGTH)]
    .map((byte) => SUFFIX_LETTERS[byte % SUFFIX_LETTERS.length])
    .join('')
  return `${toDnsLabel(scheduleName, LENGTH_MAX - SUFFIX_LENGTH - 1)}-${suffix}`
}

function toDnsLabel(name: string, lengthMax: number): string {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
  const label = plain
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-/, '')
    .slice(0, lengthMax)
    .replace(/-$/, '')
  return label === '' ? 'scheduled' : label
}
