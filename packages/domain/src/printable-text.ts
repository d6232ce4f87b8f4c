// Text of programs, made fit to be shown and stored.

/**
 * Text whose only control characters are tabs and line ends: others, which could act on a terminal
 * and of which PostgreSQL stores not all, become `\x1b` and the like.
 */
export function printableText(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    const code = character.codePointAt(0) ?? 0
    return code < 0x100 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`
  })
}

/** Control characters, and what changes the direction of the text around it. */
const UNPRINTABLE = /[^\P{Cc}\t\n]|[\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0')
}
