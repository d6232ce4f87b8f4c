// A PostgreSQL server that is gone after the tests: fast, and nothing in it survives.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../postgres/embedded-postgres.ts'

export interface ThrowawayPostgres {
  readonly url: string
  readonly pid: number
  stop(): Promise<void>
}

export async function startThrowawayPostgres(): Promise<ThrowawayPostgres> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-pg-'))
  const server: EmbeddedPostgres = await startEmbeddedPostgres({
    directory,
    databaseName: 'postgres',
    onEvent: () => undefined,
    // Losing a test's data is no harm; waiting for the disk in every test is.
    settings: {
      fsync: 'off',
      full_page_writes: 'off',
      synchronous_commit: 'off',
      max_connections: '300',
    },
  })
  return {
    url: server.url,
    pid: server.pid,
    async stop() {
      await server.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
