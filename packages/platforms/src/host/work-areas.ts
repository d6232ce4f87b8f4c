// Walks all work areas of a host: what the service owns there.
import { errnoName, readDirectoryNames } from '@holdfast/filesystem'
import type { OwnedThing } from '../platform.ts'
import { type OpenDirectory, openIfDirectory } from './open-directory.ts'
import { listJournalIDs } from './restore-journal.ts'
import { isNamespaceName, isOurs, keyOfVolume } from './volume-names.ts'
import { openHostRoot, placeForNamespace, type WorkAreaReference } from './volume-site.ts'
import { handleOfSnapshot, readSnapshotRecord } from './volume-snapshot.ts'
import { openWorkAreaIfExists } from './work-area.ts'
import { readWorkName } from './work-name.ts'

export interface FoundWorkArea {
  readonly area: OpenDirectory
  readonly reference: WorkAreaReference
}

/** Each area is open only until the next one is asked for. */
export function* eachWorkArea(hostRoot: string): Generator<FoundWorkArea> {
  using root = openHostRoot(hostRoot)
  yield* areaIn(root, { place: 'root', namespace: '', key: '' })
  for (const name of namesIn(root)) {
    const namespace = name.toString()
    if (!isNamespaceName(namespace)) continue
    using directory = openIfReadable(root, name)
    if (directory === undefined) continue
    if (placeForNamespace(root, directory) === 'namespace') {
      yield* areaIn(directory, { place: 'namespace', namespace, key: '' })
    }
    yield* areasOfVolumes(directory, namespace)
  }
}

/** Snapshots, partial ones included, and stagings; each once. */
export async function listOwnedOnHost(
  hostRoot: string,
  stateDir: string,
): Promise<readonly OwnedThing[]> {
  const stagings = new Set(listJournalIDs(stateDir))
  const snapshots = new Map<string, OwnedThing>()
  for (const { area, reference } of eachWorkArea(hostRoot)) {
    for (const name of namesIn(area)) {
      const work = readWorkName(name.toString())
      if (work?.kind === 'restore') stagings.add(work.id)
      if (work?.kind !== 'snapshot') continue
      const { id } = work
      const record = await readSnapshotRecord(area, name.toString())
      const areaInode = area.status().inode.toString()
      const handle = handleOfSnapshot(record ?? { ...reference, id, areaInode })
      snapshots.set(`${areaInode} ${id}`, { kind: 'volume-snapshot', id, handle })
    }
  }
  const owned = [...stagings].map((id): OwnedThing => ({ kind: 'staging', id }))
  return [...snapshots.values(), ...owned]
}

function* areasOfVolumes(
  namespaceDirectory: OpenDirectory,
  namespace: string,
): Generator<FoundWorkArea> {
  for (const name of namesIn(namespaceDirectory)) {
    if (isOurs(name)) continue
    using volume = openIfReadable(namespaceDirectory, name)
    if (volume === undefined || !volume.status().isMountRoot) continue
    yield* areaIn(volume, { place: 'volume', namespace, key: keyOfVolume(name) })
  }
}

function* areaIn(parent: OpenDirectory, reference: WorkAreaReference): Generator<FoundWorkArea> {
  using area = openWorkAreaIfExists(parent)
  if (area !== undefined) yield { area, reference }
}

function* namesIn(directory: OpenDirectory): Generator<Buffer> {
  const names = readDirectoryNames(directory.handle)
  for (let position = 0; position < names.count; position += 1) yield names.nameAt(position)
}

/** What the service cannot read, it did not write into either. */
function openIfReadable(parent: OpenDirectory, name: Buffer): OpenDirectory | undefined {
  try {
    return openIfDirectory(parent, name)
  } catch (error) {
    if (errnoName(error) === 'EACCES') return undefined
    throw error
  }
}
