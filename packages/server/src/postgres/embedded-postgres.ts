// The embedded PostgreSQL: a real server that lives and ends with the service, and is kept alive.
//
//   starting ──► running ──► (unexpected end) ──► restarting ──► running …
//                   └──────────── stop ─────────────┴──► stopped
//
// A service that was killed leaves its server running; the next one takes it over. Only one service
// may do this for one directory at a time: the caller holds the lock of the home.
import { rmdir } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { createDatabaseIfMissing } from '@holdfast/db'
import type { PostgresBinaries } from './binaries.ts'
import { ensureDataDirectory } from './data-directory.ts'
import { socketDatabaseUrl } from './database-url.ts'
import { bringUpPostmaster, type StopWay, stopPostmaster } from './postmaster.ts'
import { isAlive, type ProcessRef } from './processes.ts'
import { settleServerPlace } from './server-place.ts'

export interface EmbeddedPostgres {
  readonly url: string
  /** Of the server process now running, or the last one. */
  readonly pid: number
  readonly isAdopted: boolean
  /** Tells how the server ended. Close all pools first. */
  stop(): Promise<StopWay>
}

export interface EmbeddedPostgresOptions {
  /** `$HOLDFAST_HOME/postgres`; made when missing. */
  readonly directory: string
  readonly databaseName: string
  readonly onEvent: (event: PostgresEvent) => void
  /** Changes and additions to the server's settings. */
  readonly settings?: Readonly<Record<string, string>>
  /** See server-place.ts. Default true. */
  readonly isUserNamespaceAllowed?: boolean
  /** See server-place.ts. Default `/var/lib/holdfast`. */
  readonly relocationRoot?: string
  /** Default: what npm brought. */
  readonly binaries?: PostgresBinaries
  readonly signal?: AbortSignal
}

export type PostgresEvent =
  | { readonly event: 'started' | 'adopted'; readonly pid: number }
  | { readonly event: 'ended'; readonly pid: number }
  | { readonly event: 'restart-failed'; readonly reason: string; readonly nextTryMs: number }

const WATCH_MS = 200
const BACKOFF_MS = { first: 100, last: 10_000 }

/** Resolves when the database answers. `onEvent` hears of every end and start afterwards. */
export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  const { settings = {}, databaseName, onEvent } = options
  const place = await settleServerPlace({
    directory: options.directory,
    isUserNamespaceAllowed: options.isUserNamespaceAllowed ?? true,
    relocationRoot: options.relocationRoot ?? '/var/lib/holdfast',
    isRoot: process.getuid?.() === 0,
    ...(options.binaries === undefined ? {} : { binaries: options.binaries }),
  })
  await ensureDataDirectory(place)
  const stopping = new AbortController()
  const signal = options.signal
    ? AbortSignal.any([options.signal, stopping.signal])
    : stopping.signal

  async function bringUp(): Promise<{ process: ProcessRef; isAdopted: boolean }> {
    const up = await bringUpPostmaster(place, { settings, signal })
    try {
      await createDatabaseIfMissing(socketDatabaseUrl(place.socketDirectory, databaseName))
    } catch (error) {
      await stopPostmaster(up.process)
      throw error
    }
    onEvent({ event: up.isAdopted ? 'adopted' : 'started', pid: up.process.pid })
    return up
  }

  const first = await bringUp()
  let current = first.process
  const supervision = superviseUntilStopped()

  async function superviseUntilStopped(): Promise<void> {
    while (!stopping.signal.aborted) {
      await waitForUnexpectedEnd(current, stopping.signal)
      if (stopping.signal.aborted) return
      onEvent({ event: 'ended', pid: current.pid })
      current = (await bringUpAgain()) ?? current
    }
  }

  async function bringUpAgain(): Promise<ProcessRef | undefined> {
    let nextTryMs = BACKOFF_MS.first
    while (!stopping.signal.aborted) {
      try {
        return (await bringUp()).process
      } catch (error) {
        if (stopping.signal.aborted) return undefined
        const reason = error instanceof Error ? error.message : String(error)
        onEvent({ event: 'restart-failed', reason, nextTryMs })
        await pause(nextTryMs, stopping.signal)
        nextTryMs = Math.min(nextTryMs * 2, BACKOFF_MS.last)
      }
    }
    return undefined
  }

  return {
    url: socketDatabaseUrl(place.socketDirectory, databaseName),
    isAdopted: first.isAdopted,
    get pid() {
      return current.pid
    },
    async stop() {
      stopping.abort()
      await supervision
      const way = await stopPostmaster(current)
      // Outside of our own directory nobody else would ever remove it.
      await rmdir(place.socketDirectory).catch(() => undefined)
      return way
    },
  }
}

/** By looking, since an adopted server is no child of ours and tells us nothing. */
async function waitForUnexpectedEnd(server: ProcessRef, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && (await isAlive(server))) await pause(WATCH_MS, signal)
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch((error) => {
    if (!signal.aborted) throw error
  })
}
