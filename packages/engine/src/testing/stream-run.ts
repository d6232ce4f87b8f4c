// A stream that is stored and read again in a test.
import { systemClock } from '../clock.ts'
import {
  type BackupStreamOptions,
  type BackupStreamResult,
  backupStream,
} from '../commands/backup-stream.ts'
import { openStream } from '../commands/read-stream.ts'
import type { SnapshotId } from '../format/ids.ts'
import type { Repository } from '../repository.ts'

export const STREAM_PATH = '/holdfast/stream'

export function storeStream(
  repository: Repository,
  source: BackupStreamOptions['source'],
  options: Partial<BackupStreamOptions> = {},
): Promise<BackupStreamResult> {
  return backupStream({
    repository,
    label: {
      timeNs: 1_790_000_000_123_000_000n,
      hostname: 'cluster',
      username: 'root',
      uid: 0,
      gid: 0,
      tags: ['holdfast', 'stream'],
      programVersion: 'holdfast test',
      logicalPath: STREAM_PATH,
    },
    source,
    clock: systemClock,
    onProgress: () => undefined,
    beforeSnapshot: async () => undefined,
    annotate: () => ({}),
    signal: undefined,
    ...options,
  })
}

export async function readStream(
  repository: Repository,
  snapshotId: SnapshotId,
  logicalPath = STREAM_PATH,
): Promise<Buffer> {
  const stream = await openStream({ repository, snapshotId, logicalPath, signal: undefined })
  const pieces: Buffer[] = []
  for await (const piece of stream.pieces) pieces.push(piece)
  const content = Buffer.concat(pieces)
  if (content.length !== stream.sizeBytes) throw new Error('its size is not what it says')
  return content
}

/** The content in pieces of these sizes, again and again; an empty piece now and then is allowed. */
export async function* inPieces(
  content: Buffer,
  sizes: readonly number[],
): AsyncGenerator<Buffer, void, undefined> {
  let at = 0
  for (let n = 0; at < content.length; n += 1) {
    const size = sizes[n % sizes.length] ?? content.length
    // In memory of its own, since it is taken over.
    yield Buffer.from(content.subarray(at, at + size))
    at += size
  }
}
