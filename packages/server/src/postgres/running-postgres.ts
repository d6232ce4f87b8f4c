// Finds the embedded server that another process runs, for a command beside a running service.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { socketDatabaseUrl } from './database-url.ts'
import { readPostmasterFile } from './postmaster-file.ts'

/** Undefined when none runs. `directory` is `$HOLDFAST_HOME/postgres`. */
export async function findRunningPostgres(
  directory: string,
  databaseName: string,
): Promise<string | undefined> {
  const location = await readFile(join(directory, 'location'), 'utf8').catch(() => '')
  const file = await readPostmasterFile(join(location.trim() || directory, 'data'))
  return file?.status === 'ready'
    ? socketDatabaseUrl(file.socketDirectory, databaseName)
    : undefined
}
