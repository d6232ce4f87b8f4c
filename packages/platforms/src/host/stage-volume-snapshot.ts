// Fills a staged volume from a snapshot kept on the same host, without a mover.
import { decodePathBytes, type EntryCount, encodePathBytes, type Location } from '@holdfast/domain'
import type { VolumeSnapshotHandle } from '../platform.ts'
import { PlatformError, platformFailureOf } from '../platform-error.ts'
import { copyTree } from './copy-by-reflink.ts'
import { type OpenDirectory, openRootDirectory, openSubdirectory } from './open-directory.ts'
import { removeTree } from './remove-tree.ts'
import type { RestoreContext } from './restore-context.ts'
import { readJournal } from './restore-journal.ts'
import { openStaging, remakeStagedTree, stagedName } from './staging.ts'
import { verifyCopy } from './verify-copy.ts'
import { LOOSE_ENTRIES_KEY } from './volume-names.ts'
import { openHostSnapshot } from './volume-snapshot.ts'
import { workName } from './work-name.ts'

export interface StageSnapshotRequest {
  readonly id: string
  readonly namespace: string
  readonly key: string
  readonly handle: VolumeSnapshotHandle
  readonly location?: DirectoryLocation
}

type DirectoryLocation = Extract<Location, { kind: 'directory' }>

/** Shares data blocks where the file system can. A repeated call begins again. */
export async function stageHostSnapshot(
  context: RestoreContext,
  { id, namespace, key, handle, location }: StageSnapshotRequest,
  signal: AbortSignal,
): Promise<EntryCount> {
  const journal = await readJournal(context.stateDir, id)
  const volume = journal?.volumes.find((it) => it.namespace === namespace && it.key === key)
  using staging = volume === undefined ? undefined : openStaging(context.hostRoot, id, volume)
  if (journal?.state !== 'staged' || volume === undefined || staging === undefined) {
    const path = workName('restore', id)
    const reason = `volume ${namespace}/${key} is not staged`
    throw new PlatformError({ code: 'exchange-failed', path, reason })
  }
  const snapshot =
    location === undefined
      ? await openHostSnapshot(context.hostRoot, handle)
      : openLocation(location)
  using source = snapshot.tree
  const { holdsWorkArea } = snapshot
  await removeTree(staging, stagedName(volume), signal)
  remakeStagedTree(staging, volume)
  using target = openSubdirectory(staging, stagedName(volume))
  const looseEntriesOnly = key === LOOSE_ENTRIES_KEY
  try {
    const copy = { source, target, looseEntriesOnly, holdsWorkArea, holes: [] }
    await copyTree({ ...copy, reflink: 'auto' }, signal)
    return await verifyCopy(copy, signal)
  } catch (error) {
    if (signal.aborted || platformFailureOf(error) !== undefined) throw error
    if (!(error instanceof Error)) throw error
    const path = encodePathBytes(target.path)
    const reason = `the copy of the snapshot failed: ${error.message}`
    throw new PlatformError({ code: 'exchange-failed', path, reason }, { cause: error })
  }
}

/** The snapshot of another cluster of this machine, as that cluster's platform located it. */
function openLocation({ path, holdsWorkArea = false }: DirectoryLocation): {
  readonly tree: OpenDirectory
  readonly holdsWorkArea: boolean
} {
  const bytes = decodePathBytes(path)
  if (bytes === undefined) throw new TypeError(`${path} is no encoded path`)
  return { tree: openRootDirectory(bytes), holdsWorkArea }
}
