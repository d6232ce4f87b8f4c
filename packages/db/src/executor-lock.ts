// One process per executor id: a PostgreSQL advisory lock, held by a connection of its own.
//
// The lock lives as long as its connection, so a process that dies frees it at once. When the
// server restarts, the lock is gone for a moment; the holder takes it again as soon as it can
// connect, and gives up only when another process was faster.
import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import type { Database } from './database.ts'
import { DatabaseError } from './database-error.ts'

export interface ExecutorLock {
  release(): Promise<void>
}

export interface ExecutorLockOptions {
  readonly url: string
  readonly executorID: string
  /** Another process holds the lock now; this one must stop working. Called at most once. */
  readonly onLost: () => void
}

const RETRY_MS = 500

/** Fails with `executor-lock-taken` at once when another process holds it. */
export async function takeExecutorLock(options: ExecutorLockOptions): Promise<ExecutorLock> {
  const stopping = new AbortController()
  let client = await tryLock(options)
  let retaking: Promise<void> = Promise.resolve()

  function retakeWhenBroken(held: pg.Client): void {
    held.once('error', () => {
      void held.end().catch(() => undefined)
      retaking = retake()
    })
  }

  async function retake(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        client = await tryLock(options)
        return retakeWhenBroken(client)
      } catch (error) {
        if (isTaken(error)) return options.onLost()
        await delay(RETRY_MS, undefined, { signal: stopping.signal }).catch(() => undefined)
      }
    }
  }

  retakeWhenBroken(client)
  return {
    async release() {
      stopping.abort()
      await retaking
      await client.end().catch(() => undefined)
    },
  }
}

/** Does a live process hold the lock of `executorID`? A worker takes over what the dead left. */
export async function isExecutorAlive(database: Database, executorID: string): Promise<boolean> {
  const { classID, objectID } = lockKey(executorID)
  const found = await database.pool.query(
    `select 1 from pg_locks where locktype = 'advisory' and objsubid = 2 and granted
      and classid = $1 and objid = $2
      and database = (select oid from pg_database where datname = current_database())`,
    [classID, objectID],
  )
  return found.rowCount !== 0
}

async function tryLock({ url, executorID }: ExecutorLockOptions): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    application_name: `holdfast executor ${executorID}`,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  })
  const swallowUntilConnected = (): void => undefined
  client.on('error', swallowUntilConnected)
  await client.connect()
  try {
    const { classID, objectID } = lockKey(executorID)
    const answer = await client.query<{ taken: boolean }>(
      'select pg_try_advisory_lock($1, $2) as taken',
      [classID, objectID],
    )
    if (answer.rows[0]?.taken !== true) {
      throw new DatabaseError({ code: 'executor-lock-taken', executorID })
    }
    return client
  } catch (error) {
    await client.end().catch(() => undefined)
    throw error
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof DatabaseError && error.failure.code === 'executor-lock-taken'
}

/** `pg_locks` shows both halves as unsigned, the function takes them signed; 31 bits fit both. */
function lockKey(executorID: string): { classID: number; objectID: number } {
  const digest = createHash('sha256').update(`holdfast executor ${executorID}`).digest()
  return {
    classID: digest.readUInt32BE(0) & 0x7fffffff,
    objectID: digest.readUInt32BE(4) & 0x7fffffff,
  }
}
