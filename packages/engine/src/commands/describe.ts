// Saves a small document as a snapshot of one file, so that it travels with the repository and
// stock restic can show it.
import { createChunker } from '../chunker/chunker.ts'
import type { BlobId, SnapshotId } from '../format/ids.ts'
import type { Repository } from '../repository.ts'
import type { BackupLabel } from './backup.ts'
import { saveFileTree } from './save-file-tree.ts'

export interface DescribeOptions {
  /** With its index loaded; the caller holds a lock from before until after. */
  readonly repository: Repository
  /** Its `logicalPath` names the file; `timeNs` is the time of the file and its directories too. */
  readonly label: BackupLabel
  readonly content: Uint8Array
  /** Last chance to refuse before the snapshot is written: is the lock still held? */
  readonly beforeSnapshot: () => Promise<void>
  readonly signal: AbortSignal | undefined
}

/** The same content and label give the same tree. */
export async function describe(options: DescribeOptions): Promise<SnapshotId> {
  const { repository, label, signal } = options
  const content = await saveContent(options)
  const sizeBytes = options.content.length
  const { tree } = await saveFileTree({ repository, label, content, sizeBytes, signal })
  await repository.flush(signal)
  await options.beforeSnapshot()
  return await repository.saveSnapshot(
    {
      time: label.timeNs,
      tree,
      paths: [label.logicalPath],
      hostname: label.hostname,
      username: label.username,
      uid: label.uid,
      gid: label.gid,
      excludes: [],
      tags: label.tags,
      programVersion: label.programVersion,
    },
    signal,
  )
}

async function saveContent({ repository, content, signal }: DescribeOptions): Promise<BlobId[]> {
  const chunker = createChunker(repository.config.chunkerPolynomial)
  const blobs: BlobId[] = []
  let rest = content
  while (rest.length > 0) {
    const cut = chunker.findCut(rest) ?? rest.length
    // A copy, since the writer takes ownership of what it gets.
    const { id } = await repository.saveBlob('data', Uint8Array.from(rest.subarray(0, cut)), signal)
    blobs.push(id)
    rest = rest.subarray(cut)
  }
  return blobs
}
