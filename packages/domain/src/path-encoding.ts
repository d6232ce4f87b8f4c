// Paths are bytes. In JSON and in URLs they travel percent-encoded, so that any name survives.

const UNRESERVED = /^[A-Za-z0-9\-._~/]$/

/** Encodes path bytes: everything but letters, digits and `-._~/` becomes `%XX`. */
export function encodePathBytes(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) {
    const character = String.fromCharCode(byte)
    text += UNRESERVED.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return text
}

/** Reverses `encodePathBytes`; text that is no valid encoding answers undefined. */
export function decodePathBytes(text: string): Uint8Array<ArrayBuffer> | undefined {
  const bytes: number[] = []
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at)
    if (character === '%') {
      const hex = text.slice(at + 1, at + 3)
      if (!/^[0-9A-Fa-f]{2}$/.test(hex)) return undefined
      bytes.push(Number.parseInt(hex, 16))
      at += 2
    } else if (UNRESERVED.test(character)) {
      bytes.push(character.charCodeAt(0))
    } else {
      return undefined
    }
  }
  return new Uint8Array(bytes)
}
