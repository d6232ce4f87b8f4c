// Keeps the end of what a mover wrote to stderr, without the secrets of its job.

export interface StderrTail {
  append(chunk: Buffer): void
  /** The last part, as text, secrets replaced. */
  text(): string
}

export function createStderrTail(secrets: readonly string[]): StderrTail {
  const longest = Math.max(0, ...secrets.map((secret) => Buffer.byteLength(secret)))
  // So much more than is shown that no secret can be cut at the beginning of what is shown.
  const keptMax = SHOWN_BYTES_MAX + longest
  let kept = Buffer.alloc(0)
  return {
    append(chunk) {
      const joined = Buffer.concat([kept, chunk])
      kept = Buffer.from(joined.subarray(Math.max(0, joined.length - keptMax)))
    },
    text() {
      let text = kept.toString('utf8')
      for (const secret of secrets) text = text.replaceAll(secret, '[redacted]')
      return Buffer.from(text).subarray(-SHOWN_BYTES_MAX).toString('utf8')
    },
  }
}

/** Values of members whose names say that they are secret, anywhere in the job. */
export function secretsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, member]) => {
    const isSecret = SECRET_MEMBERS.has(name) && typeof member === 'string' && member !== ''
    return isSecret ? [member as string] : secretsIn(member)
  })
}

const SHOWN_BYTES_MAX = 8 * 1024
const SECRET_MEMBERS = new Set(['password', 'encrypt', 'macK', 'macR'])
