// Tells a database that is away for a moment from a statement that is wrong.

/** SQLSTATE classes: connection exception, insufficient resources, operator intervention. */
const PASSING_CLASSES = ['08', '53', '57']
/** Deadlock and serialization failure: the loser repeats its statement. */
const PASSING_CODES = ['40P01', '40001']
const PASSING_ERRNOS = [
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOENT', // the socket of a server that is not up yet
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EAI_AGAIN',
]

/** True when the same statement may succeed once the server is back. */
export function isPassingDatabaseFailure(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isPassingDatabaseFailure)
  if (!(error instanceof Error)) return false
  const { code, syscall } = error as { code?: unknown; syscall?: unknown }
  if (typeof code === 'string') {
    if (/^[0-9A-Z]{5}$/.test(code) && 'severity' in error) {
      return PASSING_CODES.includes(code) || PASSING_CLASSES.includes(code.slice(0, 2))
    }
    if (syscall === 'connect' || syscall === 'read' || syscall === 'write') {
      return PASSING_ERRNOS.includes(code)
    }
  }
  // `pg` gives these no code.
  return /Connection terminated|connection timeout|timeout exceeded when trying to connect|not queryable/i.test(
    error.message,
  )
}
