// Keeps what a command writes as one file of a repository snapshot. A run that was done before,
// whose result got lost, is found by its tags, and the command does not run again.
import type { MoverResults } from '@holdfast/domain'
import { backupStream } from '@holdfast/engine'
import { readOutput } from '../command/command-output.ts'
import { type RunningCommand, runCommand } from '../command/run-command.ts'
import type { JobContext } from '../job-context.ts'
import { findKeptResult, keepResult } from '../kept-result.ts'
import { type LockedRepository, withLockedRepository } from '../open-repository.ts'
import { backupLabel, streamTags } from '../snapshot-label.ts'
import type { JobOf } from './job-of.ts'

type Job = JobOf<'stream-backup'>
type Result = MoverResults['stream-backup']
type KeptResult = Omit<Result, 'repositorySnapshotID'>

export async function runStreamBackup(job: Job, context: JobContext): Promise<Result> {
  return await withLockedRepository(context, job.repository, 'shared', async (locked) => {
    const { repository, signal } = locked
    const wanted = streamTags(job.label.tags)
    const done = await findKeptResult<KeptResult>(repository, wanted, signal)
    if (done !== undefined) return done
    await repository.loadIndex(signal)
    const { source: location, timeoutMs } = job
    return await runCommand(
      { context, location, takesInput: false, timeoutMs, signal },
      (command) => keepOutput(job, { context, locked, command }),
    )
  })
}

interface StreamBackup {
  readonly context: JobContext
  readonly locked: LockedRepository
  readonly command: RunningCommand
}

async function keepOutput(
  job: Job,
  { context, locked: { repository, assertLockHeld }, command }: StreamBackup,
): Promise<Result> {
  let kept: KeptResult | undefined
  const { snapshotId } = await backupStream({
    repository,
    label: backupLabel(job.label, context),
    source: wholeOutput(command),
    clock: context.clock,
    onProgress: (bytes) => context.reporter.progress({ entries: 0, bytes }),
    async beforeSnapshot() {
      await assertLockHeld()
      command.signal.throwIfAborted()
      command.disarm()
    },
    annotate({ sizeBytes, addedStoredBytes }) {
      const { time: takenAt } = job.label
      kept = { takenAt, sizeBytes, addedBytes: addedStoredBytes, command: command.report() }
      return keepResult(kept)
    },
    signal: command.signal,
  })
  if (kept === undefined) throw new Error('the snapshot was saved without its result')
  return { ...kept, repositorySnapshotID: snapshotId }
}

/** It ends only when the command has ended well: until then nothing is kept. */
async function* wholeOutput(command: RunningCommand): AsyncGenerator<Buffer, void, undefined> {
  yield* readOutput(command)
  await command.succeeded()
}
