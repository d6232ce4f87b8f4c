// Backup and restore of a test, with everything that they told.
import { mkdirSync } from 'node:fs'
import type { ArchiveObserver, ArchiveSource, ArchiveWarning } from '../archiver/archive-source.ts'
import type { Space } from '../backend/free-space-floor.ts'
import { systemClock } from '../clock.ts'
import {
  type BackupLabel,
  type BackupOptions,
  type BackupResult,
  backup,
} from '../commands/backup.ts'
import { findNode, pathComponents } from '../commands/find-node.ts'
import { restore } from '../commands/restore.ts'
import type { BlobId, SnapshotId } from '../format/ids.ts'
import type { Repository } from '../repository.ts'
import type { RestoreCount, RestoreWarning } from '../restorer/restore-observer.ts'

export interface BackupRun extends BackupResult {
  readonly warnings: readonly ArchiveWarning[]
  readonly missed: readonly { readonly path: Buffer; readonly reason: string }[]
  readonly holes: readonly { readonly path: Buffer; readonly reason: string }[]
}

export interface BackupRunOptions {
  readonly source?: Partial<ArchiveSource>
  readonly label?: Partial<BackupLabel>
  readonly parent?: BackupOptions['parent']
  readonly onScanned?: ArchiveObserver['onScanned']
  readonly onProgress?: ArchiveObserver['onProgress']
  readonly signal?: AbortSignal
}

let backupsMade = 0n

/** Each run is a second later than the one before. */
export async function backUp(
  repository: Repository,
  path: string | Buffer,
  options: BackupRunOptions = {},
): Promise<BackupRun> {
  backupsMade += 1n
  const warnings: ArchiveWarning[] = []
  const missed: { readonly path: Buffer; readonly reason: string }[] = []
  const holes: { readonly path: Buffer; readonly reason: string }[] = []
  const result = await backup({
    repository,
    source: {
      path: Buffer.from(path),
      looseEntriesOnly: false,
      isGivenHole: () => undefined,
      manifestPath: undefined,
      ...options.source,
    },
    label: {
      timeNs: (1_790_000_000n + backupsMade) * 1_000_000_000n,
      hostname: 'cluster',
      username: 'root',
      uid: 0,
      gid: 0,
      tags: ['holdfast'],
      programVersion: 'holdfast test',
      logicalPath: '/shop/data',
      ...options.label,
    },
    parent: options.parent ?? 'newest',
    readers: 2,
    clock: systemClock,
    observer: {
      onScanned: options.onScanned ?? (() => undefined),
      onProgress: options.onProgress ?? (() => undefined),
      onWarning: (warning) => warnings.push(warning),
      onMissed: (one) => missed.push(one),
      onHole: (hole) => holes.push(hole),
    },
    beforeSnapshot: async () => undefined,
    annotate: () => ({}),
    signal: options.signal,
  })
  return { ...result, warnings, missed, holes }
}

/** The snapshot of a run that must have missed nothing. */
export function snapshotOf({ snapshotId, missed }: BackupRun): SnapshotId {
  if (snapshotId !== undefined) return snapshotId
  throw new Error(`the backup missed ${missed.map(({ path, reason }) => `${path}: ${reason}`)}`)
}

export const PLENTY_OF_SPACE: Space = { freeBytes: 2 ** 50, totalBytes: 2 ** 50 }

export interface RestoreRun {
  readonly restored: RestoreCount
  readonly warnings: readonly RestoreWarning[]
}

/** Makes the target when it is not there. */
export async function restoreInto(
  repository: Repository,
  snapshotId: SnapshotId,
  targetPath: string,
  {
    logicalPath = '/shop/data',
    space = PLENTY_OF_SPACE,
    signal,
  }: {
    readonly logicalPath?: string
    readonly space?: Space
    readonly signal?: AbortSignal
  } = {},
): Promise<RestoreRun> {
  mkdirSync(targetPath, { recursive: true })
  const warnings: RestoreWarning[] = []
  const restored = await restore({
    repository,
    snapshotId,
    logicalPath,
    targetPath: Buffer.from(targetPath),
    measureSpace: async () => space,
    observer: {
      onScanned: () => undefined,
      onProgress: () => undefined,
      onWarning: (warning) => warnings.push(warning),
    },
    signal,
  })
  return { restored, warnings }
}

/** The tree below a path of a snapshot. */
export async function subtreeOf(
  repository: Repository,
  snapshotId: SnapshotId,
  logicalPath = '/shop/data',
): Promise<BlobId | undefined> {
  const { tree } = await repository.loadSnapshot(snapshotId, undefined)
  const components = pathComponents(logicalPath)
  return (await findNode(repository, { tree, components }, undefined))?.subtree
}
