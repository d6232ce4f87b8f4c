// UTF-8 as Go reads it: one character at a time, each invalid byte by itself.

export const INVALID_BYTE = -1

/**
 * The code point that starts at `offset`, or `INVALID_BYTE` when the byte there belongs to no
 * valid sequence (truncated, overlong, a surrogate, above U+10FFFF).
 */
export function codePointAt(bytes: Uint8Array, offset: number): number {
  const first = bytes[offset]!
  if (first < 0x80) return first
  if (first < 0xc2 || first > 0xf4) return INVALID_BYTE
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  if (offset + length > bytes.length) return INVALID_BYTE
  let codePoint = first & (0x7f >> length)
  for (let index = offset + 1; index < offset + length; index += 1) {
    const next = bytes[index]!
    if ((next & 0xc0) !== 0x80) return INVALID_BYTE
    codePoint = (codePoint << 6) | (next & 0x3f)
  }
  const isOverlong = (length === 3 && codePoint < 0x800) || (length === 4 && codePoint < 0x1_0000)
  const isSurrogate = codePoint >= 0xd800 && codePoint <= 0xdfff
  return isOverlong || isSurrogate || codePoint > 0x10_ffff ? INVALID_BYTE : codePoint
}

export function utf8LengthOf(codePoint: number): number {
  if (codePoint < 0x80) return 1
  if (codePoint < 0x800) return 2
  return codePoint < 0x1_0000 ? 3 : 4
}
