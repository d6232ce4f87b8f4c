// How a database of the embedded server is addressed.

/** The role that owns everything in the embedded server. */
export const POSTGRES_USER = 'holdfast'

export function socketDatabaseUrl(socketDirectory: string, database: string): string {
  const host = encodeURIComponent(socketDirectory)
  return `postgresql://${POSTGRES_USER}@localhost/${encodeURIComponent(database)}?host=${host}`
}
