// Which Content-Type an answer carries.

const JSON_TYPE = 'application/json'

/**
 * `application/json`, unless `accept` prefers one of `own` (`application/astra-app+json`). What
 * cannot be made is answered as JSON too: clients accept one resource while they list another.
 */
export function mediaTypeOf(accept: string | undefined, own: readonly string[]): string {
  const wanted = (accept ?? '')
    .split(',')
    .map(readRange)
    .filter(({ quality }) => quality > 0)
    .toSorted((one, other) => other.quality - one.quality)
  for (const { type } of wanted) {
    const found = [JSON_TYPE, ...own].find((known) => known.toLowerCase() === type)
    if (found !== undefined) return found
    if (type === '*/*' || type === 'application/*') return JSON_TYPE
  }
  return JSON_TYPE
}

function readRange(range: string): { readonly type: string; readonly quality: number } {
  const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
  const given = parameters.find((parameter) => parameter.startsWith('q='))
  const quality = given === undefined ? 1 : Number(given.slice(2))
  return { type, quality: Number.isNaN(quality) ? 0 : quality }
}
