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

/**
 * A path for people and for JSON: itself where it is plain UTF-8 (no `%`, no control characters),
 * else percent-encoded. `readShownPath` gives the bytes back.
 */
export function showPathBytes(bytes: Uint8Array): string {
  const text = UTF8.decode(bytes)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be shown.
  const isPlain = !/[%\u0000-\u001f\u007f-\u009f\ufffd]/.test(text)
  return isPlain ? text : encodePathBytes(bytes)
}

/** Reverses `showPathBytes`, and `encodePathBytes` too. */
export function readShownPath(text: string): Uint8Array<ArrayBuffer> | undefined {
  return text.includes('%') ? decodePathBytes(text) : new TextEncoder().encode(text)
}

/** A byte order mark is part of a name, too. */
const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true })
