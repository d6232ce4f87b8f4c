// Why the database could not be used.

export type DatabaseFailure =
  | { readonly code: 'database-unreachable'; readonly reason: string }
  | { readonly code: 'database-too-old'; readonly version: string; readonly minimum: string }
  | { readonly code: 'database-newer'; readonly migration: string }
  | { readonly code: 'migration-failed'; readonly migration: string; readonly reason: string }
  | { readonly code: 'master-key-other'; readonly expected: string; readonly found: string }
  | { readonly code: 'master-key-missing'; readonly expected: string }
  | { readonly code: 'sealed-with-other-key'; readonly context: string; readonly keyID: string }
  | { readonly code: 'sealed-value-damaged'; readonly context: string }
  | { readonly code: 'executor-lock-taken'; readonly executorID: string }
  | { readonly code: 'integer-too-large'; readonly value: string }

export class DatabaseError extends Error {
  override readonly name = 'DatabaseError'
  readonly failure: DatabaseFailure

  constructor(failure: DatabaseFailure, cause?: unknown) {
    super(messageOf(failure), cause === undefined ? undefined : { cause })
    this.failure = failure
  }
}

/** By brand, since an error that crossed a durable step is no instance any more. */
export function isDatabaseError(error: unknown): error is DatabaseError {
  return error instanceof Error && error.name === 'DatabaseError' && 'failure' in error
}

/** Node joins the failures of several addresses in one error without a message of its own. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ')
  return error instanceof Error ? error.message : String(error)
}

function messageOf(failure: DatabaseFailure): string {
  switch (failure.code) {
    case 'database-unreachable':
      return `PostgreSQL cannot be reached: ${failure.reason}. Check that it runs and HOLDFAST_DATABASE_URL.`
    case 'database-too-old':
      return `PostgreSQL ${failure.version} is too old: Holdfast needs ${failure.minimum} or later.`
    case 'database-newer':
      return `The database was migrated by a newer Holdfast (migration ${failure.migration} is unknown here). Start that version or a later one.`
    case 'migration-failed':
      return `The migration ${failure.migration} failed and was rolled back: ${failure.reason}`
    case 'master-key-other':
      return `The master key (fingerprint ${failure.found}) is not the one that sealed this database's secrets (fingerprint ${failure.expected}). Put the right key file back at HOLDFAST_MASTER_KEY_FILE; a recovery kit holds it.`
    case 'master-key-missing':
      return `The master key file is missing, but the database holds secrets sealed with it (fingerprint ${failure.expected}). Put the key file back at HOLDFAST_MASTER_KEY_FILE; a recovery kit holds it.`
    case 'sealed-with-other-key':
      return `The sealed value of ${failure.context} was sealed with the master key ${failure.keyID}, which is not the present one. Put that key back.`
    case 'sealed-value-damaged':
      return `The sealed value of ${failure.context} cannot be opened: it was changed or belongs to another row. Restore the row from a backup of the database.`
    case 'executor-lock-taken':
      return `Another Holdfast service runs with the executor id ${failure.executorID}. Stop it, or give this one its own HOLDFAST_HOME.`
    case 'integer-too-large':
      return `The database answered the number ${failure.value}, which is larger than any count or size can be.`
    default: {
      const never: never = failure
      return never
    }
  }
}
