// Texts that JSON can carry and PostgreSQL cannot store: NUL, and halves of surrogate pairs.

/** Nothing that is stored lies deeper; what is sent may be deeper than the stack is high. */
const DEPTH_MAX = 16

/** Path of the first member that holds such a text; undefined when all is well. */
export function findUnstorableText(value: unknown, path = '', depth = 0): string | undefined {
  if (typeof value === 'string') return isStorable(value) ? undefined : path
  if (typeof value !== 'object' || value === null || depth > DEPTH_MAX) return undefined
  for (const [key, member] of Object.entries(value)) {
    const below = Array.isArray(value) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`
    const found = isStorable(key) ? findUnstorableText(member, below, depth + 1) : path
    if (found !== undefined) return found
  }
  return undefined
}

function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}
