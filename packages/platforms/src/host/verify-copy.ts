// Compares a copied tree with its source, entry by entry, and counts it.
import { setImmediate } from 'node:timers/promises'
import { type EntryCount, showPathBytes } from '@holdfast/domain'
import { type WalkStep, walkEntries } from '@holdfast/filesystem'
import type { OpenDirectory } from './open-directory.ts'
import { isInWorkArea } from './volume-names.ts'

export interface VerifyRequest {
  readonly source: OpenDirectory
  readonly target: OpenDirectory
  readonly looseEntriesOnly: boolean
  /** The source is, or was, a mount point with our work area in it. */
  readonly holdsWorkArea: boolean
}

/** The source must not change meanwhile. Fails with an `Error` that names the first difference. */
export async function verifyCopy(
  { source, target, looseEntriesOnly, holdsWorkArea }: VerifyRequest,
  signal: AbortSignal,
): Promise<EntryCount> {
  const copies = entriesOf(target, looseEntriesOnly, false)
  let entries = 0
  let bytes = 0
  for (const original of entriesOf(source, looseEntriesOnly, holdsWorkArea)) {
    const copy = copies.next()
    if (copy.done === true || !isSame(original, copy.value)) {
      throw new Error(`${showPathBytes(original.path)} is not in the copy as it was`)
    }
    entries += 1
    if (original.status.type === 'file') bytes += Number(original.status.size)
    if (entries % ENTRIES_PER_TURN === 0) {
      await setImmediate()
      signal.throwIfAborted()
    }
  }
  const further = copies.next()
  if (further.done !== true) {
    throw new Error(`${showPathBytes(further.value.path)} is in the copy but not in its source`)
  }
  return { entries, bytes }
}

type WalkedEntry = Extract<WalkStep, { kind: 'entry' }>

const ENTRIES_PER_TURN = 512

function* entriesOf(
  root: OpenDirectory,
  looseEntriesOnly: boolean,
  holdsWorkArea: boolean,
): Generator<WalkedEntry, undefined> {
  const isGivenHole = () => undefined
  const isExcluded = holdsWorkArea ? isInWorkArea : undefined
  const walk = { root: root.entryPath('.'), looseEntriesOnly, isGivenHole, isExcluded }
  for (const step of walkEntries(walk)) {
    if (step.kind === 'failed') throw step.error
    if (step.kind === 'vanished') throw new Error(`${showPathBytes(step.path)} vanished`)
    if (step.kind === 'entry') yield step
  }
  return undefined
}

function isSame(original: WalkedEntry, copy: WalkedEntry): boolean {
  if (!original.path.equals(copy.path) || original.status.type !== copy.status.type) return false
  return original.status.type !== 'file' || original.status.size === copy.status.size
}
