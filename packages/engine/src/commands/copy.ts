// Copies a snapshot to another repository (repository format, section 7.7). Between repositories
// of one chunker polynomial, what the destination holds already is not copied again.
import type { ArchiveCount } from '../archiver/archive-source.ts'
import { entrySizeBytes, type PackedBlob } from '../blob/pack-header.ts'
import { EngineError, failureOf } from '../engine-failure.ts'
import { BLOB_TYPES, type BlobType, type SnapshotId } from '../format/ids.ts'
import type { Snapshot } from '../format/snapshot.ts'
import type { Repository } from '../repository.ts'
import { coalesceBlobs } from './blob-ranges.ts'
import { findNode, pathComponents } from './find-node.ts'
import type { BlobMarks } from './pack-usage.ts'
import { TreeTotals } from './tree-totals.ts'
import { walkTrees } from './walk-trees.ts'

export interface PlanCopyOptions {
  /** Both with their indexes loaded, under locks that the caller holds until the copy ends. */
  readonly from: Repository
  readonly to: Repository
  readonly snapshotId: SnapshotId
  readonly signal: AbortSignal | undefined
}

export interface CopyPlan {
  readonly from: Repository
  readonly to: Repository
  readonly snapshotId: SnapshotId
  readonly snapshot: Snapshot
  /** 1 at the first copy, in `from`, of each blob that `to` lacks. */
  readonly lacking: BlobMarks
  /** What the lacking blobs take where they are now; about what they will take. */
  readonly lackingStoredBytes: number
  /** What the snapshot holds at its (first) path, that entry included. */
  readonly content: ArchiveCount
}

/**
 * Writes nothing. Fails with `blob-not-found`, `blob-corrupt` or `format-invalid` when a tree of
 * the snapshot cannot be read, or a file's blob is not in the index.
 */
export async function planCopy(options: PlanCopyOptions): Promise<CopyPlan> {
  const { from, to, snapshotId, signal } = options
  const snapshot = await from.loadSnapshot(snapshotId, signal)
  const { index } = from
  const data = new Uint8Array(index.blobCount('data'))
  const totals = new TreeTotals(index.blobCount('tree'))
  const tree = await walkTrees({
    repository: from,
    roots: [snapshot.tree],
    signal,
    visitor: {
      visitNode(node, parent) {
        const subtree = node.subtree === undefined ? -1 : index.findEntry('tree', node.subtree)
        totals.addNode(index.findEntry('tree', parent), node, subtree)
        for (const id of node.content ?? []) {
          const entry = index.findEntry('data', id)
          if (entry === -1) {
            throw new EngineError({ code: 'blob-not-found', type: 'data', blobId: id })
          }
          data[entry] = 1
        }
      },
      failTree(_tree, error) {
        throw error
      },
    },
  })
  const lacking = { data, tree }
  const lackingStoredBytes = unmarkHeld(from, to, lacking)
  const content = await countContent(from, snapshot, totals, signal)
  return { from, to, snapshotId, snapshot, lacking, lackingStoredBytes, content }
}

export interface CopyOptions {
  readonly plan: CopyPlan
  /** What the copy says of itself instead of what the snapshot says. */
  readonly relabel: Partial<Pick<Snapshot, 'time' | 'hostname' | 'paths' | 'tags'>>
  /** Stored bytes of the source that were copied so far, of `lackingStoredBytes`. */
  readonly onProgress: (copiedStoredBytes: number) => void
  /** Last chance to refuse before the snapshot is written: are the locks still held? */
  readonly beforeSnapshot: () => Promise<void>
  readonly signal: AbortSignal | undefined
}

/**
 * Answers the snapshot in the destination: an equal copy that is there already, or a new one.
 * Every blob is verified on the way; trees keep their bytes. Fails with `blob-corrupt`.
 */
export async function copySnapshot(options: CopyOptions): Promise<SnapshotId> {
  const { plan, relabel, signal } = options
  const { parent: _parent, ...kept } = plan.snapshot
  const copy: Snapshot = {
    ...kept,
    original: plan.snapshot.original ?? plan.snapshotId,
    ...relabel,
  }
  const existing = await findEqualCopy(plan.to, copy, signal)
  if (existing !== undefined) return existing
  await copyBlobs(options)
  await plan.to.flush(signal)
  await options.beforeSnapshot()
  return await plan.to.saveSnapshot(copy, signal)
}

/** Answers the stored bytes of what stays marked. */
function unmarkHeld({ index }: Repository, to: Repository, marks: BlobMarks): number {
  let bytes = 0
  for (const type of BLOB_TYPES) {
    for (const [entry, isMarked] of marks[type].entries()) {
      if (isMarked === 0) continue
      if (to.hasBlob(type, index.blobIdOf(type, entry))) {
        marks[type][entry] = 0
      } else {
        const { length, uncompressedLength } = index.locationOf(type, entry)
        bytes += length + entrySizeBytes(uncompressedLength)
      }
    }
  }
  return bytes
}

async function countContent(
  from: Repository,
  { tree, paths }: Snapshot,
  totals: TreeTotals,
  signal: AbortSignal | undefined,
): Promise<ArchiveCount> {
  const components = pathComponents(paths[0] ?? '')
  const node = await findNode(from, { tree, components }, signal)
  if (node === undefined) return totals.totalOf(from.index.findEntry('tree', tree))
  if (node.subtree === undefined) return { entries: 1, bytes: Number(node.size) }
  const below = totals.totalOf(from.index.findEntry('tree', node.subtree))
  return { entries: below.entries + 1, bytes: below.bytes }
}

async function findEqualCopy(
  to: Repository,
  copy: Snapshot,
  signal: AbortSignal | undefined,
): Promise<SnapshotId | undefined> {
  try {
    for await (const { id, snapshot } of to.listSnapshots(signal)) {
      if (isEqualCopy(snapshot, copy)) return id
    }
  } catch (error) {
    // A damaged snapshot over there is no reason to copy nothing.
    if (failureOf(error, 'snapshot-corrupt') === undefined) throw error
  }
  return undefined
}

function isEqualCopy(left: Snapshot, right: Snapshot): boolean {
  return (
    left.original === right.original &&
    left.time === right.time &&
    left.tree === right.tree &&
    left.hostname === right.hostname &&
    left.username === right.username &&
    left.uid === right.uid &&
    left.gid === right.gid &&
    isEqualList(left.paths, right.paths) &&
    isEqualList(left.excludes, right.excludes) &&
    isEqualList(left.tags, right.tags)
  )
}

function isEqualList(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((item, at) => item === right[at])
}

/** Pack by pack, so that neighbours are read with one request and stay neighbours. */
async function copyBlobs({ plan, onProgress, signal }: CopyOptions): Promise<void> {
  const { from, to, lacking } = plan
  let copiedStoredBytes = 0
  for (const pack of from.index.packs()) {
    const wanted = pack.blobs.filter(({ type, id }) => {
      const first = from.index.findEntry(type, id)
      return lacking[type][first] === 1 && from.index.packNumberOf(type, first) === pack.number
    })
    for (const { offset, length, blobs } of coalesceBlobs(wanted)) {
      const bytes = await loadRange(from, pack.id, { offset, length }, signal)
      await Promise.all(
        blobs.map(async (blob) => {
          const start = blob.offset - offset
          const plain = await openOrLoad(
            from,
            blob,
            bytes?.subarray(start, start + blob.length),
            signal,
          )
          await saveCopy(to, blob, plain, signal)
        }),
      )
      copiedStoredBytes += storedBytesOf(blobs)
      onProgress(copiedStoredBytes)
    }
  }
}

/** Undefined when the pack is missing or too short: single blobs may have other copies. */
async function loadRange(
  from: Repository,
  packId: Parameters<Repository['loadPackRange']>[0],
  range: Parameters<Repository['loadPackRange']>[1],
  signal: AbortSignal | undefined,
): Promise<Buffer | undefined> {
  try {
    return await from.loadPackRange(packId, range, signal)
  } catch (error) {
    const isDamage =
      failureOf(error, 'object-not-found') !== undefined ||
      failureOf(error, 'object-truncated') !== undefined
    if (!isDamage) throw error
    return undefined
  }
}

async function openOrLoad(
  from: Repository,
  { type, id, uncompressedLength }: PackedBlob,
  sealed: Buffer | undefined,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  if (sealed === undefined) return await from.loadBlob(type, id, signal)
  try {
    return await from.openBlob({ type, id, sealed, uncompressedLength }, signal)
  } catch (error) {
    if (failureOf(error, 'blob-corrupt') === undefined) throw error
    return await from.loadBlob(type, id, signal)
  }
}

async function saveCopy(
  to: Repository,
  { type, id }: { readonly type: BlobType; readonly id: PackedBlob['id'] },
  plain: Buffer,
  signal: AbortSignal | undefined,
): Promise<void> {
  const saved = await to.saveBlob(type, plain, signal)
  if (saved.id === id) return
  // It was verified when it was opened, so that memory is what is left to blame.
  throw new EngineError({ code: 'encoding-damaged', reason: `blob ${id} became ${saved.id}` })
}

function storedBytesOf(blobs: readonly PackedBlob[]): number {
  return blobs.reduce(
    (sum, { length, uncompressedLength }) => sum + length + entrySizeBytes(uncompressedLength),
    0,
  )
}
