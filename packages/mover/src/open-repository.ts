// Opens the repository of a job and holds the lock that the job needs.
import type { RepositoryAccess, RepositoryStore } from '@holdfast/domain'
import {
  type Backend,
  DEFAULT_RETRY,
  decodeMasterKey,
  type LockRecord,
  localDirectoryBackend,
  type MasterKey,
  measureSpace,
  openRepository,
  type Repository,
  type RepositoryLock,
  s3Backend,
  waitForLock,
  withFreeSpaceFloor,
  withRetry,
} from '@holdfast/engine'
import type { JobContext } from './job-context.ts'
import { MoverError } from './mover-error.ts'
import { s3OptionsOf } from './s3-options.ts'

export interface LockedRepository {
  readonly repository: Repository
  readonly lock: RepositoryLock
  /** Aborted when the mover is stopped and when the lock is lost. */
  readonly signal: AbortSignal
  /** To be asked before a snapshot is written. */
  readonly assertLockHeld: () => Promise<void>
}

/** A prune of another service or an operator's restic may take hours, but not days. */
const LOCK_WAIT_MS_MAX = 24 * 60 * 60 * 1000

/** Opens, locks, runs `work`, and whatever happens unlocks and closes. */
export async function withLockedRepository<Result>(
  context: JobContext,
  access: RepositoryAccess,
  mode: 'shared' | 'exclusive',
  work: (locked: LockedRepository) => Promise<Result>,
): Promise<Result> {
  const repository = await openForJob(context, access)
  const close = () => repository.close()
  return await endingWith(close, async () => {
    const lock = await lockRepository(context, { access, repository, mode })
    // First what is still being written, then the lock: see `Repository.close`.
    const unlock = () => close().finally(() => lock.release())
    return await endingWith(unlock, async () => {
      const signal = AbortSignal.any([context.signal, lock.signal])
      const assertLockHeld = () => lock.assertHeld(signal)
      return await work({ repository, lock, signal, assertLockHeld })
    })
  })
}

/** An end that fails, too, does not hide why the work failed. */
async function endingWith<Result>(
  end: () => Promise<void>,
  work: () => Promise<Result>,
): Promise<Result> {
  let result: Result
  try {
    result = await work()
  } catch (error) {
    await end().catch(() => undefined)
    throw error
  }
  await end()
  return result
}

export function backendOf(context: JobContext, store: RepositoryStore): Backend {
  const { clock, randomBytes } = context
  const retry = { ...DEFAULT_RETRY, clock, randomBytes, onRetry: () => undefined }
  if (store.kind === 's3') return withRetry(s3Backend(s3OptionsOf(store)), retry)
  const { path } = store
  const retrying = withRetry(localDirectoryBackend({ path, randomBytes }), retry)
  return withFreeSpaceFloor(retrying, { path, measure: () => measureSpace(path) })
}

export function masterKeyOf({ keys }: RepositoryAccess): MasterKey {
  const key = decodeMasterKey(keys)
  if (key !== undefined) return key
  throw new MoverError({ code: 'invalid-job', reason: 'its repository keys are no keys' })
}

async function openForJob(context: JobContext, access: RepositoryAccess): Promise<Repository> {
  const { randomBytes, workers, signal } = context
  const backend = backendOf(context, access.store)
  const credentials = { key: masterKeyOf(access) }
  return await openRepository({ backend, credentials, randomBytes, workers, signal })
}

async function lockRepository(
  { clock, randomBytes, process, reporter, signal }: JobContext,
  {
    access,
    repository,
    mode,
  }: {
    readonly access: RepositoryAccess
    readonly repository: Repository
    readonly mode: 'shared' | 'exclusive'
  },
): Promise<RepositoryLock> {
  return await waitForLock({
    backend: repository.backend,
    key: repository.key,
    clock,
    randomBytes,
    exclusive: mode === 'exclusive',
    holder: { ...process, hostname: access.lockHostname },
    timeoutMs: LOCK_WAIT_MS_MAX,
    onConflict: (holder) => reporter.notice(waitingFor(holder)),
    signal,
  })
}

function waitingFor({ hostname, pid, time, exclusive }: LockRecord) {
  const kind = exclusive ? 'exclusively locked' : 'locked'
  return {
    code: 'waiting-for-lock' as const,
    path: '',
    message: `The repository is ${kind} by process ${pid} on ${hostname} since ${time}; waiting.`,
  }
}
