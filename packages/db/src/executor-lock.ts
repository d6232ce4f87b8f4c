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

const RETRY_MS = 200
/** The server needs a moment to notice that a process was killed; then its lock is free. */
const FIRST_TRIES = 10

/** Fails with `executor-lock-taken` when another process holds it. */
export async function takeExecutorLock(options: ExecutorLockOptions): Promise<ExecutorLock> {
  const { executorID } = options
  const stopping = new AbortController()
  let held = await takeFirst(options)
  let retaking: Promise<void> = Promise.resolve()

  function retakeWhenBroken({ client, backend }: HeldLock): void {
    client.once('error', () => {
      void client.end().catch(() => undefined)
      retaking = retake(backend)
    })
  }

  async function retake(formerBackend: number): Promise<void> {
    while (!stopping.signal.aborted) {
      const answer = await tryLock(options).catch(() => undefined)
      if (answer !== undefined && 'client' in answer) {
        held = answer
        return retakeWhenBroken(held)
      }
      // The server's end of the broken connection may live on for a moment: no other process's.
      const holder = answer?.holder
      if (holder !== undefined && holder !== formerBackend) return options.onLost()
      await delay(RETRY_MS, undefined, { signal: stopping.signal }).catch(() => undefined)
    }
  }

  async function takeFirst(first: ExecutorLockOptions): Promise<HeldLock> {
    for (let tries = 1; ; tries++) {
      const answer = await tryLock(first)
      if ('client' in answer) return answer
      if (tries === FIRST_TRIES)
        throw new DatabaseError({ code: 'executor-lock-taken', executorID })
      await delay(RETRY_MS)
    }
  }

  retakeWhenBroken(held)
  return {
    async release() {
      stopping.abort()
      await retaking
      await held.client.end().catch(() => undefined)
    },
  }
}

/** Does a live process hold the lock of `executorID`? A worker takes over what the dead left. */
export async function isExecutorAlive(database: Database, executorID: string): Promise<boolean> {
  return (await findHolder(database.pool, executorID)) !== undefined
}

async function findHolder(
  connection: pg.Client | pg.Pool,
  executorID: string,
): Promise<number | undefined> {
  const { classID, objectID } = lockKey(executorID)
  const found = await connection.query<{ pid: number }>(
    `select pid from pg_locks where locktype = 'advisory' and objsubid = 2 and granted
      and classid = $1 and objid = $2
      and database = (select oid from pg_database where datname = current_database())`,
    [classID, objectID],
  )
  return found.rows[0]?.pid
}

interface HeldLock {
  readonly client: pg.Client
  /** Process id of the server's end of the connection. */
  readonly backend: number
}

/** Undefined: whoever held it has just given it back. */
type LockAnswer = HeldLock | { readonly holder: number | undefined }

async function tryLock({ url, executorID }: ExecutorLockOptions): Promise<LockAnswer> {
  const client = new pg.Client({
    connectionString: url,
    application_name: `holdfast executor ${executorID}`,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    // Of a host that lost its power, the server learns only by asking; two hours are its default.
    options: KEEPALIVE_SETTINGS,
  })
  // Until a holder listens; without a listener the event would end the process.
  client.on('error', () => undefined)
  await client.connect()
  let isHeld = false
  try {
    const { classID, objectID } = lockKey(executorID)
    const answer = await client.query<{ taken: boolean; backend: number }>(
      'select pg_try_advisory_lock($1, $2) as taken, pg_backend_pid() as backend',
      [classID, objectID],
    )
    const row = answer.rows[0]
    isHeld = row?.taken === true
    if (row !== undefined && isHeld) return { client, backend: row.backend }
    return { holder: await findHolder(client, executorID) }
  } finally {
    if (!isHeld) await client.end().catch(() => undefined)
  }
}

const KEEPALIVE_SETTINGS =
  '-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3'

/** `pg_locks` shows both halves as unsigned, the function takes them signed; 31 bits fit both. */
function lockKey(executorID: string): { classID: number; objectID: number } {
  const digest = createHash('sha256').update(`holdfast executor ${executorID}`).digest()
  return {
    classID: digest.readUInt32BE(0) & 0x7fffffff,
    objectID: digest.readUInt32BE(4) & 0x7fffffff,
  }
}
