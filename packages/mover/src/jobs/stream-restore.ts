// Gives a kept file to a command.
//
// The repository is needed until the command has been given everything. What becomes of its lock
// after that, while the command works on, and whether the lock can be removed at the end, makes
// nothing of what the command did wrong.
import type { MoverResults } from '@holdfast/domain'
import {
  openStream,
  parseObjectId,
  type Repository,
  type SnapshotId,
  type StoredStream,
} from '@holdfast/engine'
import { feedCommand } from '../command/feed-command.ts'
import { runCommand } from '../command/run-command.ts'
import type { JobContext } from '../job-context.ts'
import { MoverError } from '../mover-error.ts'
import { type LockedRepository, withLockedRepository } from '../open-repository.ts'
import type { JobOf } from './job-of.ts'

type Job = JobOf<'stream-restore'>
type Result = MoverResults['stream-restore']

export async function runStreamRestore(job: Job, context: JobContext): Promise<Result> {
  let result: Result | undefined
  try {
    return await withLockedRepository(context, job.repository, 'shared', async (locked) => {
      result = await restoreFrom(locked, job, context)
      return result
    })
  } catch (error) {
    // A lock that could not be removed is taken for stale by others after a while.
    if (result === undefined) throw error
    return result
  }
}

async function restoreFrom(
  { repository, lock, signal: lockedSignal }: LockedRepository,
  job: Job,
  context: JobContext,
): Promise<Result> {
  const noMore = new AbortController()
  const signal = AbortSignal.any([lockedSignal, noMore.signal])
  const unreadable = new AbortController()
  const onLost = () => unreadable.abort(lock.signal.reason)
  lock.signal.addEventListener('abort', onLost, { once: true })
  try {
    const stream = await openStored(job, repository, signal)
    return await giveToCommand(job, {
      context,
      stream,
      signal: AbortSignal.any([context.signal, unreadable.signal]),
      onGiven: () => lock.signal.removeEventListener('abort', onLost),
    })
  } finally {
    lock.signal.removeEventListener('abort', onLost)
    // A command may end before it has read everything.
    noMore.abort(new Error('the rest of the stream is not wanted'))
  }
}

/** Reads its beginning, too: what cannot be read is better known before the command runs. */
async function openStored(
  { repositorySnapshotID, logicalPath }: Job,
  repository: Repository,
  signal: AbortSignal,
): Promise<StoredStream> {
  const snapshotId = parseObjectId<SnapshotId>(repositorySnapshotID)
  if (snapshotId === undefined) {
    throw new MoverError({ code: 'snapshot-not-found', repositorySnapshotID })
  }
  await repository.loadIndex(signal)
  const { sizeBytes, pieces } = await openStream({ repository, snapshotId, logicalPath, signal })
  const first = await pieces.next()
  return { sizeBytes, pieces: behind(first, pieces) }
}

async function* behind(
  first: IteratorResult<Buffer, void>,
  others: StoredStream['pieces'],
): StoredStream['pieces'] {
  if (first.done === true) return
  yield first.value
  yield* others
}

interface StreamRestore {
  readonly context: JobContext
  readonly stream: StoredStream
  readonly signal: AbortSignal
  /** Called when the command has all of it. */
  readonly onGiven: () => void
}

async function giveToCommand(
  { target: location, timeoutMs }: Job,
  { context, stream, signal, onGiven }: StreamRestore,
): Promise<Result> {
  const { sizeBytes, pieces } = stream
  const { reporter } = context
  reporter.scanned({ entries: 1, bytes: sizeBytes })
  return await runCommand(
    { context, location, takesInput: true, timeoutMs, signal },
    async (command) => {
      const { stdout, outputTail } = command
      stdout.socket.on('data', outputTail.append)
      await feedCommand(command, pieces, (bytes) => reporter.progress({ entries: 0, bytes }))
      onGiven()
      await command.succeeded()
      return { sizeBytes, command: command.report() }
    },
  )
}
