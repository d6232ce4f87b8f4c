// Durations as the container dialect writes them: numbers with units, `72h45m2s` or `365d`.

const UNIT_NS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  // The micro sign and the Greek letter, which look the same.
  '\u00b5s': 1_000n,
  '\u03bcs': 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
  w: 7n * 86_400_000_000_000n,
  y: 365n * 86_400_000_000_000n,
}
const MS_NS = 1_000_000n
const PART = /([0-9]{1,20})(ns|us|\u00b5s|\u03bcs|ms|s|m|h|d|w|y)/g
/** More parts than there are units are nobody's duration. */
const LENGTH_MAX = 100

/**
 * In milliseconds, what is less of one counted as one; at most what is a safe integer. `refusal`
 * says, after the name of the field, what is wrong.
 */
export function parseDuration(
  text: string,
): { readonly durationMs: number } | { readonly refusal: string } {
  const parts = text.length > LENGTH_MAX ? [] : [...text.matchAll(PART)]
  const read = parts.map(([part]) => part).join('')
  if (text === '' || read !== text) {
    return {
      refusal:
        'must be numbers with units (ns, us, ms, s, m, h, d, w, y), as in 90s, 1h30m or 365d',
    }
  }
  const totalNs = parts.reduce(
    (sum, [, digits = '0', unit = 's']) => sum + BigInt(digits) * (UNIT_NS[unit] ?? 0n),
    0n,
  )
  if (totalNs === 0n) return { refusal: 'must be longer than nothing' }
  const durationMs = (totalNs + MS_NS - 1n) / MS_NS
  if (durationMs > BigInt(Number.MAX_SAFE_INTEGER)) return { refusal: 'is too long' }
  return { durationMs: Number(durationMs) }
}

/** Of a text that was found right when it was written. */
export function durationMsOf(text: string): number {
  const parsed = parseDuration(text)
  if ('refusal' in parsed) throw new RangeError(`The duration ${text} ${parsed.refusal}.`)
  return parsed.durationMs
}
