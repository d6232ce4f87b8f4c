// Snapshots of volumes, kept in the work area: `snapshot-<id>/` with `tree`, for reflink copies
// `manifest`, and `snapshot.json`, which is written last.
//
// A snapshot is built as `snapshot-<id>.partial` and renamed when it is whole and durable. A
// partial one is what a crash left; the repeated call removes it and begins again.
import { mkdirSync, renameSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import {
  CONSISTENCY_OF_STRATEGY,
  encodePathBytes,
  type Hole,
  type Location,
  readShownPath,
} from '@holdfast/domain'
import {
  flushFilesystemInBackground,
  isSubvolume,
  readMounts,
  snapshotSubvolume,
  writeEntryManifest,
} from '@holdfast/filesystem'
import type { SnapshotVolumeRequest, VolumeSnapshot, VolumeSnapshotHandle } from '../platform.ts'
import { PlatformError, platformFailureOf } from '../platform-error.ts'
import { copyTree } from './copy-by-reflink.ts'
import { flushDirectory, readIfExists, removeDurably, writeDurably } from './durable-file.ts'
import { findHoles } from './holes.ts'
import {
  joinPath,
  type OpenDirectory,
  openSubdirectory,
  openSubdirectoryIfExists,
} from './open-directory.ts'
import { removeTree } from './remove-tree.ts'
import { isInWorkArea, LOOSE_ENTRIES_KEY } from './volume-names.ts'
import { openExistingVolume, openWorkAreaAt, type VolumeSite } from './volume-site.ts'
import { ensureWorkArea, type WorkAreaPlace } from './work-area.ts'
import { PARTIAL_SUFFIX, workName } from './work-name.ts'

export interface SnapshotContext {
  readonly hostRoot: string
  readonly now: () => Date
}

/** What `snapshot.json` says. */
export interface SnapshotRecord {
  readonly version: 1
  readonly id: string
  readonly namespace: string
  readonly key: string
  readonly strategy: 'btrfs' | 'reflink'
  readonly takenAt: string
  readonly holes: readonly Hole[]
  readonly place: WorkAreaPlace
  /** Of the work area, in decimal digits: another directory in its place is not believed. */
  readonly areaInode: string
}

/** A repeated call answers what the first one made. */
export async function snapshotHostVolume(
  context: SnapshotContext,
  request: SnapshotVolumeRequest,
  signal: AbortSignal,
): Promise<VolumeSnapshot> {
  using site = openExistingVolume(context.hostRoot, request)
  using area = ensureWorkArea(site.areaParent)
  const name = workName('snapshot', request.id)
  const existing = await readSnapshotRecord(area, name)
  if (existing !== undefined) return toVolumeSnapshot(existing)
  try {
    const partialName = `${name}${PARTIAL_SUFFIX}`
    await removeSnapshotDirectory(area, name, signal)
    await removeSnapshotDirectory(area, partialName, signal)
    mkdirSync(area.entryPath(partialName), 0o700)
    const record = await build({ context, request, site, area, partialName }, signal)
    renameSync(area.entryPath(partialName), area.entryPath(name))
    await flushDirectory(area.entryPath('.'))
    return toVolumeSnapshot(record)
  } catch (error) {
    throw toSnapshotError(error, site.directory, signal)
  }
}

/** Fails with `snapshot-failed` when it is no longer there. */
export async function locateHostSnapshot(
  hostRoot: string,
  handle: VolumeSnapshotHandle,
): Promise<Extract<Location, { kind: 'directory' }>> {
  using area = requireArea(hostRoot, handle)
  const record = await requireRecord(area, handle)
  const directory = joinPath(area.path, workName('snapshot', record.id))
  return {
    kind: 'directory',
    path: encodePathBytes(joinPath(directory, TREE_NAME)),
    ...(record.strategy === 'reflink'
      ? { manifestPath: encodePathBytes(joinPath(directory, MANIFEST_NAME)) }
      : {}),
    ...(record.key === LOOSE_ENTRIES_KEY ? { looseEntriesOnly: true } : {}),
    ...(holdsWorkArea(record) ? { holdsWorkArea: true } : {}),
    holes: record.holes,
  }
}

/** The snapshot's tree, open. Fails with `snapshot-failed` when it is no longer there. */
export async function openHostSnapshot(
  hostRoot: string,
  handle: VolumeSnapshotHandle,
): Promise<{ readonly tree: OpenDirectory; readonly holdsWorkArea: boolean }> {
  using area = requireArea(hostRoot, handle)
  const record = await requireRecord(area, handle)
  using directory = openSubdirectory(area, workName('snapshot', record.id))
  return { tree: openSubdirectory(directory, TREE_NAME), holdsWorkArea: holdsWorkArea(record) }
}

/** Missing is success. */
export async function deleteHostSnapshot(
  hostRoot: string,
  handle: VolumeSnapshotHandle,
  signal: AbortSignal,
): Promise<void> {
  const reference = readHandle(handle)
  using area = openAreaOf(hostRoot, reference)
  if (area === undefined) return
  const name = workName('snapshot', reference.id)
  await removeSnapshotDirectory(area, name, signal)
  await removeSnapshotDirectory(area, `${name}${PARTIAL_SUFFIX}`, signal)
}

/** Undefined when there is none, or only a partial one. */
export async function readSnapshotRecord(
  area: OpenDirectory,
  name: string,
): Promise<SnapshotRecord | undefined> {
  using directory = openSubdirectoryIfExists(area, name)
  if (directory === undefined) return undefined
  const text = await readIfExists({ directory: directory.entryPath('.'), name: RECORD_NAME })
  return text === undefined ? undefined : (JSON.parse(text) as SnapshotRecord)
}

export function handleOfSnapshot(
  reference: Pick<SnapshotRecord, 'id' | 'namespace' | 'key' | 'place' | 'areaInode'>,
): VolumeSnapshotHandle {
  const { id, namespace, key, place, areaInode } = reference
  return { id, namespace, key, place, areaInode }
}

export const TREE_NAME = 'tree'
const MANIFEST_NAME = 'manifest'
const RECORD_NAME = 'snapshot.json'

interface BuildRequest {
  readonly context: SnapshotContext
  readonly request: SnapshotVolumeRequest
  readonly site: VolumeSite & { readonly directory: OpenDirectory }
  readonly area: OpenDirectory
  readonly partialName: string
}

async function build(
  { context, request, site, area, partialName }: BuildRequest,
  signal: AbortSignal,
): Promise<SnapshotRecord> {
  using partial = openSubdirectory(area, partialName)
  const isLoose = site.kind === 'loose'
  const holes = isLoose ? [] : findHoles(site.directory, await readMounts('self'))
  const takenAt = context.now().toISOString()
  if (request.strategy === 'btrfs') await takeSubvolumeSnapshot(site, partial, signal)
  else await takeReflinkCopy({ site, partial, holes }, signal)
  const record: SnapshotRecord = {
    version: 1,
    id: request.id,
    namespace: request.namespace,
    key: request.key,
    strategy: request.strategy,
    takenAt,
    holes,
    place: site.areaPlace,
    areaInode: area.status().inode.toString(),
  }
  await flushFilesystemInBackground(partial.handle)
  const file = { directory: partial.entryPath('.'), name: RECORD_NAME }
  await writeDurably(file, `${JSON.stringify(record)}\n`)
  signal.throwIfAborted()
  return record
}

async function takeSubvolumeSnapshot(
  site: BuildRequest['site'],
  partial: OpenDirectory,
  signal: AbortSignal,
): Promise<void> {
  if (site.kind === 'loose' || !isSubvolume(site.directory.handle)) {
    throw new Error('it is no btrfs subvolume (any more)')
  }
  signal.throwIfAborted()
  const target = { directory: partial.handle, name: Buffer.from(TREE_NAME) }
  await snapshotSubvolume({ source: site.directory.handle, target, isReadOnly: true })
}

/** A clock tick of the kernel is at most 10 ms, and time stamps of files may lag by one. */
const CLOCK_TICK_MS = 20

async function takeReflinkCopy(
  {
    site,
    partial,
    holes,
  }: Pick<BuildRequest, 'site'> & {
    readonly partial: OpenDirectory
    readonly holes: readonly Hole[]
  },
  signal: AbortSignal,
): Promise<void> {
  const looseEntriesOnly = site.kind === 'loose'
  const given = new Map(holes.map((hole) => [holeKey(hole), hole.reason]))
  const isGivenHole = (path: Buffer) => given.get(path.toString('latin1'))
  const root = site.directory.entryPath('.')
  const holdsWorkArea = site.areaPlace === 'volume'
  const isExcluded = holdsWorkArea ? isInWorkArea : undefined
  const walk = { root, looseEntriesOnly, isGivenHole, isExcluded }
  await writeEntryManifest(walk, partial.entryPath(MANIFEST_NAME), signal)
  // A file that changes twice within one tick keeps its ctime; with the copy in a later tick, a
  // change after the copy always shows in the ctime that the next backup compares.
  await delay(CLOCK_TICK_MS, undefined, { signal })
  mkdirSync(partial.entryPath(TREE_NAME), 0o700)
  using target = openSubdirectory(partial, TREE_NAME)
  const copy = { source: site.directory, target, looseEntriesOnly, holdsWorkArea, holes }
  await copyTree({ ...copy, reflink: 'always' }, signal)
}

function holeKey(hole: Hole): string {
  return Buffer.from(readShownPath(hole.path) ?? []).toString('latin1')
}

function requireArea(hostRoot: string, handle: VolumeSnapshotHandle): OpenDirectory {
  const area = openAreaOf(hostRoot, readHandle(handle))
  if (area === undefined) throw snapshotGone(handle)
  return area
}

async function requireRecord(
  area: OpenDirectory,
  handle: VolumeSnapshotHandle,
): Promise<SnapshotRecord> {
  const record = await readSnapshotRecord(area, workName('snapshot', readHandle(handle).id))
  if (record === undefined) throw snapshotGone(handle)
  return record
}

function snapshotGone(handle: VolumeSnapshotHandle): PlatformError {
  const { id, namespace, key } = readHandle(handle)
  const reason = `its snapshot ${id} is no longer there`
  return new PlatformError({ code: 'snapshot-failed', path: `/${namespace}/${key}`, reason })
}

/** A subvolume that is a mount point is snapshotted with the work area in it. */
function holdsWorkArea({ strategy, place }: SnapshotRecord): boolean {
  return strategy === 'btrfs' && place === 'volume'
}

function toVolumeSnapshot(record: SnapshotRecord): VolumeSnapshot {
  const { takenAt, strategy, holes } = record
  const consistency = CONSISTENCY_OF_STRATEGY[strategy]
  return { handle: handleOfSnapshot(record), takenAt, strategy, consistency, holes }
}

function toSnapshotError(error: unknown, volume: OpenDirectory, signal: AbortSignal): unknown {
  if (signal.aborted || platformFailureOf(error) !== undefined) return error
  if (!(error instanceof Error)) return error
  const path = encodePathBytes(volume.path)
  return new PlatformError(
    { code: 'snapshot-failed', path, reason: error.message },
    { cause: error },
  )
}

type SnapshotReference = Pick<SnapshotRecord, 'id' | 'namespace' | 'key' | 'place' | 'areaInode'>

function readHandle(handle: VolumeSnapshotHandle): SnapshotReference {
  const { id, namespace, key, place, areaInode } = handle
  if (place !== 'root' && place !== 'namespace' && place !== 'volume') {
    throw new TypeError('this is no handle of a volume snapshot on a host')
  }
  const texts = { id: String(id), namespace: String(namespace), key: String(key) }
  return { ...texts, place, areaInode: String(areaInode) }
}

function openAreaOf(hostRoot: string, reference: SnapshotReference): OpenDirectory | undefined {
  const area = openWorkAreaAt(hostRoot, reference)
  if (area === undefined || area.status().inode.toString() === reference.areaInode) return area
  area[Symbol.dispose]()
  return undefined
}

/** The record first: from then on it is a partial snapshot, whatever happens. */
async function removeSnapshotDirectory(
  area: OpenDirectory,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  using directory = openSubdirectoryIfExists(area, name)
  if (directory === undefined) return
  await removeDurably({ directory: directory.entryPath('.'), name: RECORD_NAME })
  await removeTree(directory, TREE_NAME, signal)
  await removeTree(area, name, signal)
}
