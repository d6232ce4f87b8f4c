// Fetches the blobs of a window of files, pack by pack, and writes them where they belong, in any
// order. Every blob is verified against its hash before a byte of it is written.
import { closeSync, ftruncateSync } from 'node:fs'
import { ByteBudget } from '../byte-budget.ts'
import type { BlobReader } from '../repository.ts'
import { type FileToWrite, type PlannedRange, planContents } from './plan-contents.ts'
import { loadRange, openFromRange } from './read-range.ts'
import type { RestoreTarget } from './restore-target.ts'
import { writeSparsely } from './write-sparsely.ts'

export interface WriteContentsOptions {
  readonly repository: BlobReader
  readonly target: RestoreTarget
  /** None of them exists yet. */
  readonly files: readonly FileToWrite[]
  readonly onBytes: (bytes: number) => void
  readonly signal: AbortSignal | undefined
}

/** Sealed and plain bytes that are held at once; a blob larger than all of it comes alone. */
export const CONTENT_BYTES_MAX = 48 * 1024 * 1024
/** Enough to keep reading, opening and writing busy at the same time. */
const RANGES_AT_ONCE_MAX = 4
/** Files that are written in several parts stay open meanwhile, up to this many. */
const OPEN_FILES_MAX = 128

/** Makes all files, with their content and size, but without metadata. */
export async function writeContents(options: WriteContentsOptions): Promise<void> {
  const { repository, files, target, onBytes } = options
  const { ranges, zeroBytes } = planContents(repository, files)
  const written = openWrittenFiles(target, files)
  const stop = new AbortController()
  const signal =
    options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal])
  const budget = new ByteBudget(CONTENT_BYTES_MAX)
  const queue = ranges.values()
  const work = async () => {
    for (const range of queue) {
      await restoreRange({ ...options, signal }, { range, budget, written })
    }
  }
  try {
    // The first failure stops the others; all have ended before it is thrown.
    const stopAll = (error: unknown) => stop.abort(error)
    await Promise.all(Array.from({ length: RANGES_AT_ONCE_MAX }, () => work().catch(stopAll)))
    signal.throwIfAborted()
    written.finish()
    onBytes(zeroBytes)
  } finally {
    written.close()
  }
}

interface RangeWork {
  readonly range: PlannedRange
  readonly budget: ByteBudget
  readonly written: WrittenFiles
}

async function restoreRange(
  { repository, onBytes, signal }: WriteContentsOptions,
  { range, budget, written }: RangeWork,
): Promise<void> {
  const giveBackRange = await budget.take(range.length, signal)
  try {
    const sealed = await loadRange(repository, range, signal)
    for (const blob of range.blobs) {
      const plain = await openFromRange(repository, { blob, range, sealed }, signal)
      signal?.throwIfAborted()
      for (const { file, offset } of blob.targets) {
        written.write(file, plain, offset)
        onBytes(plain.length)
      }
    }
  } finally {
    giveBackRange()
  }
}

interface WrittenFiles {
  write(file: number, content: Buffer, offset: number): void
  /** Makes the files that have no content and gives every file its size. */
  finish(): void
  close(): void
}

function openWrittenFiles(target: RestoreTarget, files: readonly FileToWrite[]): WrittenFiles {
  const handles = new Map<number, number>()
  const isMade = new Uint8Array(files.length)

  /** Most recently used last. */
  function handleOf(file: number): number {
    const known = handles.get(file)
    if (known !== undefined) {
      handles.delete(file)
      handles.set(file, known)
      return known
    }
    const [oldest] = handles
    if (handles.size >= OPEN_FILES_MAX && oldest !== undefined) close(oldest[0], oldest[1])
    const { path, node } = files[file] as FileToWrite
    const handle = isMade[file] === 1 ? target.openFile(path) : target.createFile(path)
    handles.set(file, handle)
    if (isMade[file] === 0) {
      isMade[file] = 1
      ftruncateSync(handle, Number(node.size))
    }
    return handle
  }

  function close(file: number, handle: number): void {
    handles.delete(file)
    closeSync(handle)
  }

  return {
    write(file, content, offset) {
      writeSparsely(handleOf(file), content, offset)
    },
    finish() {
      for (const file of files.keys()) if (isMade[file] === 0) handleOf(file)
    },
    close() {
      for (const [file, handle] of handles) close(file, handle)
    },
  }
}
