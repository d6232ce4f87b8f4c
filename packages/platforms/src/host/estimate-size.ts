// Roughly how much a volume holds, with a bounded walk.
import { setImmediate } from 'node:timers/promises'
import { walkEntries } from '@holdfast/filesystem'
import type { OpenDirectory } from './open-directory.ts'
import { isInWorkArea } from './volume-names.ts'

export interface SizeEstimate {
  readonly estimatedBytes: number
  readonly estimatedEntries: number
}

/** Counts up to `ESTIMATED_ENTRIES_MAX` entries; of a larger volume it is a lower bound. */
export async function estimateSize(
  volume: OpenDirectory,
  looseEntriesOnly: boolean,
  signal: AbortSignal,
): Promise<SizeEstimate> {
  const isGivenHole = () => undefined
  const isExcluded = volume.status().isMountRoot ? isInWorkArea : undefined
  const walk = { root: volume.entryPath('.'), looseEntriesOnly, isGivenHole, isExcluded }
  let estimatedBytes = 0
  let estimatedEntries = 0
  for (const step of walkEntries(walk)) {
    if (step.kind !== 'entry') continue
    estimatedEntries += 1
    if (step.status.type === 'file') estimatedBytes += Number(step.status.size)
    if (estimatedEntries >= ESTIMATED_ENTRIES_MAX) break
    if (estimatedEntries % ENTRIES_PER_TURN === 0) {
      await setImmediate()
      signal.throwIfAborted()
    }
  }
  return { estimatedBytes, estimatedEntries }
}

/** A second or so of a cold disk; the mover's scan gives the exact numbers later. */
const ESTIMATED_ENTRIES_MAX = 50_000
/** Some milliseconds between two turns of the event loop. */
const ENTRIES_PER_TURN = 512
