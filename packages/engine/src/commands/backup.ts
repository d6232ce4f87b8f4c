// Backs up a directory tree as one repository snapshot.
//
// Order of writes (repository format, section 6.2): packs, index, and only then the snapshot. A
// run that dies before leaves blobs that nobody refers to, which the next run finds and uses.
import {
  type EntryStatus,
  errnoName,
  readExtendedAttributes,
  statusAt,
  WORKING_DIRECTORY,
} from '@holdfast/filesystem'
import type { ArchiveObserver, ArchiveOutcome, ArchiveSource } from '../archiver/archive-source.ts'
import { archiveTree } from '../archiver/archive-tree.ts'
import { entryNode } from '../archiver/entry-node.ts'
import { readOwnerNames } from '../archiver/owner-names.ts'
import { scanSource } from '../archiver/scan-source.ts'
import type { Clock } from '../clock.ts'
import { EngineError, failureOf, isEngineError } from '../engine-failure.ts'
import type { UnknownMembers } from '../format/go-json.ts'
import type { BlobId, SnapshotId } from '../format/ids.ts'
import type { Node } from '../format/node.ts'
import type { Snapshot, SnapshotSummary } from '../format/snapshot.ts'
import { createTreeEncoder } from '../format/tree.ts'
import type { Repository } from '../repository.ts'
import { findNode, pathComponents } from './find-node.ts'

/** What the snapshot says of itself. */
export interface BackupLabel {
  /** Nanoseconds since 1970: the consistency point. */
  readonly timeNs: bigint
  readonly hostname: string
  readonly username: string
  readonly uid: number
  readonly gid: number
  readonly tags: readonly string[]
  readonly programVersion: string
  /**
   * Where the source is in the snapshot's tree, such as `/shop/data`. The last name is the source
   * itself; those above get the metadata of the directories above it.
   */
  readonly logicalPath: string
}

export interface BackupOptions {
  /** With its index loaded, under a lock that the caller holds until this call ends. */
  readonly repository: Repository
  readonly source: ArchiveSource
  readonly label: BackupLabel
  /** `newest`: the newest one of the same hostname and path that is not later. */
  readonly parent: SnapshotId | 'newest' | 'none'
  /** Threads that read and chunk. */
  readonly readers: number
  readonly clock: Clock
  readonly observer: ArchiveObserver
  /** Last chance to refuse before the snapshot is written: is the lock still held? */
  readonly beforeSnapshot: () => Promise<void>
  /** Members of the caller's own that the snapshot keeps. */
  readonly annotate: (outcome: ArchiveOutcome) => UnknownMembers
  readonly signal: AbortSignal | undefined
}

export interface BackupResult {
  /** Undefined when an entry was missed: an incomplete copy gets no snapshot. */
  readonly snapshotId: SnapshotId | undefined
  readonly parentId: SnapshotId | undefined
  readonly outcome: ArchiveOutcome
}

/** Fails with `source-unreadable` when the source cannot be opened or is gone at the end. */
export async function backup(options: BackupOptions): Promise<BackupResult> {
  const { repository, source, label, observer, signal } = options
  const backupStart = options.clock.now().epochNanoseconds
  const components = pathComponents(label.logicalPath)
  const before = await readingSource(source, async () => {
    observer.onScanned(await scanSource(source, signal))
    return statusAt(WORKING_DIRECTORY, source.path)
  })
  const parent = await findParent(options)
  const parentRoot =
    parent === undefined
      ? undefined
      : await findParentRoot(repository, parent.snapshot.tree, components, signal)
  const { root, outcome } = await readingSource(source, async () => {
    const { readers } = options
    const archived = await archiveTree({
      repository,
      source,
      parentRoot,
      readers,
      observer,
      signal,
    })
    assertStillThere(source, before)
    return archived
  })
  const isComplete = outcome.expected.entries === outcome.captured.entries
  if (root === undefined || !isComplete) {
    // Flushed all the same: a repeated run need not store again what this one stored.
    await repository.flush(signal)
    return { snapshotId: undefined, parentId: parent?.id, outcome }
  }
  const tree = await readingSource(source, () =>
    saveTreesAbove({ repository, source, root, components, signal }),
  )
  await repository.flush(signal)
  await options.beforeSnapshot()
  const backupEnd = options.clock.now().epochNanoseconds
  const summary = summarize(outcome, { backupStart, backupEnd })
  const unknownMembers = options.annotate(outcome)
  const snapshot = toSnapshot(label, { tree, parent: parent?.id, summary, unknownMembers })
  const snapshotId = await repository.saveSnapshot(snapshot, signal)
  return { snapshotId, parentId: parent?.id, outcome }
}

/** Only the source gives errors with an errno here: those of the repository are typed. */
async function readingSource<Result>(
  source: ArchiveSource,
  action: () => Promise<Result>,
): Promise<Result> {
  try {
    return await action()
  } catch (error) {
    const errno = errnoName(error)
    if (errno === undefined) throw error
    const path = source.path.toString()
    throw new EngineError({ code: 'source-unreadable', path, errno }, { cause: error })
  }
}

/**
 * When the whole source is removed meanwhile, every entry merely vanishes. What is left would look
 * like a complete copy of almost nothing.
 */
function assertStillThere(source: ArchiveSource, before: EntryStatus): void {
  const { inode, device, links } = statusAt(WORKING_DIRECTORY, source.path)
  // A path through an open handle still leads to a directory that was removed: it has no links.
  if (inode === before.inode && device === before.device && links > 0) return
  throw Object.assign(new Error('the source was replaced'), { code: 'ENOENT' })
}

interface FoundParent {
  readonly id: SnapshotId
  readonly snapshot: Snapshot
}

async function findParent({
  repository,
  label,
  parent,
  signal,
}: BackupOptions): Promise<FoundParent | undefined> {
  if (parent === 'none') return undefined
  if (parent !== 'newest') {
    return { id: parent, snapshot: await repository.loadSnapshot(parent, signal) }
  }
  let newest: FoundParent | undefined
  try {
    for await (const found of repository.listSnapshots(signal)) {
      const { hostname, paths, time } = found.snapshot
      if (hostname !== label.hostname || !paths.includes(label.logicalPath)) continue
      if (time > label.timeNs) continue
      if (newest === undefined || time > newest.snapshot.time) newest = found
    }
  } catch (error) {
    // Somebody else's damaged snapshot must not keep us from backing up; any parent will do.
    if (failureOf(error, 'snapshot-corrupt') === undefined) throw error
  }
  return newest
}

/** A parent whose upper trees are damaged is no parent; the backup reads everything. */
async function findParentRoot(
  repository: Repository,
  tree: BlobId,
  components: readonly Buffer[],
  signal: AbortSignal | undefined,
): Promise<Node | undefined> {
  try {
    return await findNode(repository, { tree, components }, signal)
  } catch (error) {
    if (!isEngineError(error)) throw error
    return undefined
  }
}

async function saveTreesAbove({
  repository,
  source,
  root,
  components,
  signal,
}: {
  readonly repository: Repository
  readonly source: ArchiveSource
  readonly root: Node
  readonly components: readonly Buffer[]
  readonly signal: AbortSignal | undefined
}): Promise<BlobId> {
  const [own, ...above] = components.toReversed()
  if (own === undefined) throw new RangeError('a logical path must name the source')
  const owners = readOwnerNames()
  let tree = await saveTreeOf(repository, { ...root, name: own }, signal)
  let path = source.path
  for (const name of above) {
    // Not the text before the last slash: the path may lead through an open handle.
    path = Buffer.concat([path, Buffer.from('/..')])
    const status = statusAt(WORKING_DIRECTORY, path)
    const extendedAttributes = readExtendedAttributes(path)
    const node = entryNode({ name, status, extendedAttributes, owners }, { subtree: tree })
    tree = await saveTreeOf(repository, node, signal)
  }
  return tree
}

async function saveTreeOf(
  repository: Repository,
  node: Node,
  signal: AbortSignal | undefined,
): Promise<BlobId> {
  const encoder = createTreeEncoder()
  encoder.append(node)
  return (await repository.saveBlob('tree', encoder.finish(), signal)).id
}

function summarize(
  outcome: ArchiveOutcome,
  times: { readonly backupStart: bigint; readonly backupEnd: bigint },
): SnapshotSummary {
  const { filesNew, filesChanged, filesUnmodified } = outcome
  return {
    ...times,
    filesNew,
    filesChanged,
    filesUnmodified,
    dirsNew: outcome.directoriesNew,
    dirsChanged: outcome.directoriesChanged,
    dirsUnmodified: outcome.directoriesUnmodified,
    dataBlobs: outcome.dataBlobs,
    treeBlobs: outcome.treeBlobs,
    dataAdded: outcome.addedPlainBytes,
    dataAddedPacked: outcome.addedStoredBytes,
    totalFilesProcessed: filesNew + filesChanged + filesUnmodified,
    totalBytesProcessed: outcome.captured.bytes,
  }
}

function toSnapshot(
  label: BackupLabel,
  {
    tree,
    parent,
    summary,
    unknownMembers,
  }: {
    readonly tree: BlobId
    readonly parent: SnapshotId | undefined
    readonly summary: SnapshotSummary
    readonly unknownMembers: UnknownMembers
  },
): Snapshot {
  return {
    time: label.timeNs,
    ...(parent === undefined ? {} : { parent }),
    tree,
    paths: [label.logicalPath],
    hostname: label.hostname,
    username: label.username,
    uid: label.uid,
    gid: label.gid,
    excludes: [],
    tags: label.tags,
    programVersion: label.programVersion,
    summary,
    unknownMembers,
  }
}
