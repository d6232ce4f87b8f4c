// Counts what a backup captured and missed, and tells its observer.
import type { BlobId, BlobType } from '../format/ids.ts'
import type { SavedBlob } from '../repository.ts'
import type { ArchiveObserver, ArchiveOutcome, ArchiveWarningCode } from './archive-source.ts'

export interface ArchiveTally {
  /** An entry that is neither file nor directory. */
  capture(bytes: number): void
  captureFile(change: 'new' | 'changed' | 'unmodified', bytes: number): void
  captureDirectory(parentSubtree: BlobId | undefined, subtree: BlobId): void
  miss(missed: { readonly path: Buffer; readonly reason: string; readonly bytes: number }): void
  warn(code: ArchiveWarningCode, path: Buffer, message: string): void
  /** Bytes of files as they are done, before their files are captured. */
  progressBytes(bytes: number): void
  countBlob(type: BlobType, saved: SavedBlob, plainBytes: number): void
  outcome(): ArchiveOutcome
}

export function startTally(observer: ArchiveObserver): ArchiveTally {
  const captured = { entries: 0, bytes: 0 }
  const missed = { entries: 0, bytes: 0 }
  const files = { new: 0, changed: 0, unmodified: 0 }
  const directories = { new: 0, changed: 0, unmodified: 0 }
  const blobs = { data: 0, tree: 0 }
  const added = { plain: 0, stored: 0 }
  let doneBytes = 0

  function capture(bytes: number): void {
    captured.entries += 1
    captured.bytes += bytes
    observer.onProgress({ entries: captured.entries, bytes: doneBytes })
  }

  return {
    capture,
    captureFile(change, bytes) {
      files[change] += 1
      capture(bytes)
    },
    captureDirectory(parentSubtree, subtree) {
      const isSame = parentSubtree === subtree ? 'unmodified' : 'changed'
      directories[parentSubtree === undefined ? 'new' : isSame] += 1
      capture(0)
    },
    miss({ path, reason, bytes }) {
      missed.entries += 1
      missed.bytes += bytes
      observer.onMissed({ path, reason })
    },
    warn: (code, path, message) => observer.onWarning({ code, path, message }),
    progressBytes(bytes) {
      doneBytes += bytes
      observer.onProgress({ entries: captured.entries, bytes: doneBytes })
    },
    countBlob(type, saved, plainBytes) {
      if (!saved.isNew) return
      blobs[type] += 1
      added.plain += plainBytes
      added.stored += saved.storedBytes
    },
    outcome: () => ({
      expected: {
        entries: captured.entries + missed.entries,
        bytes: captured.bytes + missed.bytes,
      },
      captured: { ...captured },
      filesNew: files.new,
      filesChanged: files.changed,
      filesUnmodified: files.unmodified,
      directoriesNew: directories.new,
      directoriesChanged: directories.changed,
      directoriesUnmodified: directories.unmodified,
      dataBlobs: blobs.data,
      treeBlobs: blobs.tree,
      addedPlainBytes: added.plain,
      addedStoredBytes: added.stored,
    }),
  }
}
