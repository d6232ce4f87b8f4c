// Restores a directory of a snapshot into an existing directory.
import { lstatSync, readdirSync, rmSync } from 'node:fs'
import { describeErrno, errnoName } from '@holdfast/filesystem'
import { freeSpaceFloor, type Space } from '../backend/free-space-floor.ts'
import { EngineError } from '../engine-failure.ts'
import type { SnapshotId } from '../format/ids.ts'
import type { Node } from '../format/node.ts'
import type { Repository } from '../repository.ts'
import type { RestoreCount, RestoreObserver } from '../restorer/restore-observer.ts'
import { openRestoreTarget } from '../restorer/restore-target.ts'
import { restoreTree } from '../restorer/restore-tree.ts'
import { scanTree } from '../restorer/scan-tree.ts'
import { findNode, pathComponents } from './find-node.ts'

export interface RestoreOptions {
  /** With its index loaded. */
  readonly repository: Repository
  readonly snapshotId: SnapshotId
  /** Of a directory in the snapshot's tree, such as `/shop/data`. */
  readonly logicalPath: string
  /**
   * Absolute path of an existing directory that is empty, or holds what an earlier run left: then
   * the directory above it must be closed to everybody but us, or the call is refused. It gets the
   * content and the metadata of the node.
   */
  readonly targetPath: Buffer
  /** Of the file system that holds the target. */
  readonly measureSpace: () => Promise<Space>
  readonly observer: RestoreObserver
  readonly signal: AbortSignal | undefined
}

/**
 * Everything is verified, counted and on the disk when this returns. Fails with `no-space`,
 * `target-unusable` or `path-not-found` before anything is changed; with `blob-corrupt`,
 * `blob-not-found` or `restore-incomplete` later.
 */
export async function restore(options: RestoreOptions): Promise<RestoreCount> {
  const { repository, targetPath, observer, signal } = options
  const root = await findRoot(options)
  const { count, neededBytes } = await scanTree(repository, root, signal)
  observer.onScanned(count)
  await usingTarget(options, neededBytes, () => emptyTarget(targetPath))
  await assertSpace(options, neededBytes)
  return await usingTarget(options, neededBytes, async () => {
    const target = openRestoreTarget(targetPath)
    try {
      const restored = await restoreTree({ repository, root, target, observer, signal })
      assertComplete(targetPath, count, restored)
      await target.flush()
      return restored
    } finally {
      target.close()
    }
  })
}

async function findRoot({
  repository,
  snapshotId,
  logicalPath,
  signal,
}: RestoreOptions): Promise<Node> {
  const { tree } = await repository.loadSnapshot(snapshotId, signal)
  const components = pathComponents(logicalPath)
  const node = await findNode(repository, { tree, components }, signal)
  if (node?.type === 'dir') return node
  throw new EngineError({ code: 'path-not-found', snapshotId, path: logicalPath })
}

/** Errors with an errno come from the target only: those of the repository are typed. */
async function usingTarget<Result>(
  { targetPath, measureSpace }: RestoreOptions,
  neededBytes: number,
  action: () => Result | Promise<Result>,
): Promise<Result> {
  try {
    return await action()
  } catch (error) {
    const errno = errnoName(error)
    if (errno === undefined || !(error instanceof Error)) throw error
    const path = targetPath.toString()
    if (errno === 'ENOSPC' || errno === 'EDQUOT') {
      const { freeBytes } = await measureSpace()
      throw new EngineError({ code: 'no-space', path, freeBytes, neededBytes }, { cause: error })
    }
    const reason = describeErrno(errno)
    throw new EngineError({ code: 'target-unusable', path, reason }, { cause: error })
  }
}

/**
 * A run that died leaves a part behind, and its repetition begins anew. Only what nobody else can
 * reach is cleared: a mistaken target must not cost somebody's data.
 */
function emptyTarget(targetPath: Buffer): void {
  const names = readdirSync(targetPath, { encoding: 'buffer' })
  if (names.length === 0) return
  const above = lstatSync(Buffer.concat([targetPath, Buffer.from('/..')]))
  if (above.uid !== process.geteuid?.() || (above.mode & 0o077) !== 0) {
    const path = targetPath.toString()
    throw new EngineError({ code: 'target-unusable', path, reason: 'it is not empty' })
  }
  for (const name of names) {
    rmSync(Buffer.concat([targetPath, Buffer.from('/'), name]), { recursive: true })
  }
}

async function assertSpace(
  { targetPath, measureSpace }: RestoreOptions,
  neededBytes: number,
): Promise<void> {
  const { freeBytes, totalBytes } = await measureSpace()
  const neededWithFloor = neededBytes + freeSpaceFloor(totalBytes)
  if (freeBytes >= neededWithFloor) return
  const path = targetPath.toString()
  throw new EngineError({ code: 'no-space', path, freeBytes, neededBytes: neededWithFloor })
}

function assertComplete(targetPath: Buffer, expected: RestoreCount, restored: RestoreCount): void {
  if (expected.entries === restored.entries && expected.bytes === restored.bytes) return
  const path = targetPath.toString()
  const reason =
    `${restored.entries} entries with ${restored.bytes} bytes were restored where ` +
    `${expected.entries} with ${expected.bytes} were expected`
  throw new EngineError({ code: 'restore-incomplete', path, reason })
}
