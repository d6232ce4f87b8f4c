// Counts what there is to back up, so that progress has a total.
import { setImmediate } from 'node:timers/promises'
import { walkEntries } from '@holdfast/filesystem'
import type { ArchiveCount, ArchiveSource } from './archive-source.ts'

/** Some milliseconds of work between two turns of the event loop. */
const STEPS_PER_TURN = 1024

export async function scanSource(
  { path, looseEntriesOnly, isGivenHole, isExcluded }: ArchiveSource,
  signal: AbortSignal | undefined,
): Promise<ArchiveCount> {
  let entries = 0
  let bytes = 0
  let steps = 0
  for (const step of walkEntries({ root: path, looseEntriesOnly, isGivenHole, isExcluded })) {
    steps += 1
    if (steps % STEPS_PER_TURN === 0) {
      await setImmediate()
      signal?.throwIfAborted()
    }
    if (step.kind !== 'entry' || step.status.type === 'socket') continue
    entries += 1
    if (step.status.type === 'file') bytes += Number(step.status.size)
  }
  return { entries, bytes }
}
