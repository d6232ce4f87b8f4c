// The manifest beside a reflink copy: for each entry the inode, ctime and device of its original,
// so that a backup of the copy can say what a backup of the original would have said.
//
// It is written before the copy is made. An original that changes in between then has a ctime or
// an inode other than the recorded one, so the next backup reads it again; the other order could
// record the identity of a later content and hide the change for good.
//
// File: magic; records in the order of `walkEntries` (u32 path length, path, u64 inode, i64 ctime
// in ns, u64 device; little-endian); at the end u32 2^32-1 and u64 count. Reader and writer hold
// one record, whatever the number of entries.
import { closeSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { compareInWalkOrder, type WalkOptions, walkEntries } from './entry-walk.ts'
import { FilesystemError } from './system-error.ts'

export interface EntryOrigin {
  readonly inode: bigint
  readonly ctimeNs: bigint
  readonly device: bigint
}

export interface EntryManifestReader {
  /**
   * The original of an entry, by its path below the root (empty for the root). Paths must be asked
   * in walk order. Undefined when the manifest has no such entry.
   */
  originOf(path: Uint8Array): EntryOrigin | undefined
  close(): void
}

/**
 * Walks the original tree and writes its manifest, durably. Entries that vanish or cannot be read
 * are left out: the copy's own identity is then reported for them. Answers the number of records.
 */
export async function writeEntryManifest(
  walk: WalkOptions,
  manifestPath: string | Buffer,
  signal: AbortSignal | undefined,
): Promise<number> {
  const writer = openWriter(manifestPath)
  try {
    for (const step of walkEntries(walk)) {
      if (step.kind !== 'entry') continue
      const { inode, ctimeNs, device } = step.status
      writer.append(step.path, { inode, ctimeNs, device })
      if (writer.count() % ENTRIES_PER_TURN === 0) {
        await setImmediate()
        signal?.throwIfAborted()
      }
    }
    writer.finish()
    return writer.count()
  } finally {
    writer.close()
  }
}

/** Fails with `manifest-invalid` here or at the first record that is cut off. */
export function openEntryManifest(manifestPath: string | Buffer): EntryManifestReader {
  const source = openSource(manifestPath)
  if (source.take(MAGIC.length)?.equals(MAGIC) !== true) {
    source.close()
    throw source.invalid('it does not begin like one')
  }
  let current = readRecord(source)
  return {
    originOf(path) {
      while (current !== undefined) {
        const order = compareInWalkOrder(current.path, path)
        if (order === 0) return current.origin
        if (order > 0) return undefined
        current = readRecord(source)
      }
      return undefined
    },
    close: () => source.close(),
  }
}

const MAGIC = Buffer.from('HFENTRY1', 'latin1')
const END_OF_RECORDS = 0xffff_ffff
const ORIGIN_SIZE = 24
const BUFFER_SIZE = 256 * 1024
/** Some 5 ms of work between two turns of the event loop. */
const ENTRIES_PER_TURN = 1024

interface ManifestRecord {
  readonly path: Buffer
  readonly origin: EntryOrigin
}

interface ManifestWriter {
  append(path: Buffer, origin: EntryOrigin): void
  count(): number
  finish(): void
  close(): void
}

function openWriter(manifestPath: string | Buffer): ManifestWriter {
  const handle = openSync(manifestPath, 'w', 0o600)
  let pending: Buffer[] = [MAGIC]
  let pendingBytes = 0
  let count = 0
  const flush = () => {
    const block = Buffer.concat(pending)
    for (let at = 0; at < block.length; ) at += writeSync(handle, block, at)
    pending = []
    pendingBytes = 0
  }
  return {
    append(path, origin) {
      const record = encodeRecord(path, origin)
      pending.push(record)
      pendingBytes += record.length
      count += 1
      if (pendingBytes >= BUFFER_SIZE) flush()
    },
    count: () => count,
    finish() {
      const end = Buffer.alloc(12)
      end.writeUInt32LE(END_OF_RECORDS, 0)
      end.writeBigUInt64LE(BigInt(count), 4)
      pending.push(end)
      flush()
      fsyncSync(handle)
    },
    close: () => closeSync(handle),
  }
}

function encodeRecord(path: Buffer, { inode, ctimeNs, device }: EntryOrigin): Buffer {
  const record = Buffer.allocUnsafe(4 + path.length + ORIGIN_SIZE)
  record.writeUInt32LE(path.length, 0)
  path.copy(record, 4)
  record.writeBigUInt64LE(inode, 4 + path.length)
  record.writeBigInt64LE(ctimeNs, 12 + path.length)
  record.writeBigUInt64LE(device, 20 + path.length)
  return record
}

function readRecord(source: ManifestSource): ManifestRecord | undefined {
  const length = source.take(4)?.readUInt32LE(0)
  if (length === undefined) throw source.invalid('it is cut off')
  if (length === END_OF_RECORDS) return undefined
  const path = source.take(length)
  const origin = source.take(ORIGIN_SIZE)
  if (path === undefined || origin === undefined) throw source.invalid('it is cut off')
  return {
    path,
    origin: {
      inode: origin.readBigUInt64LE(0),
      ctimeNs: origin.readBigInt64LE(8),
      device: origin.readBigUInt64LE(16),
    },
  }
}

interface ManifestSource {
  /** Copies the next bytes; undefined when fewer are left. */
  take(length: number): Buffer | undefined
  invalid(reason: string): FilesystemError
  close(): void
}

function openSource(manifestPath: string | Buffer): ManifestSource {
  const handle = openSync(manifestPath, 'r')
  const block = Buffer.alloc(BUFFER_SIZE)
  let start = 0
  let end = 0
  return {
    take(length) {
      const parts: Buffer[] = []
      for (let missing = length; missing > 0; ) {
        if (start === end) {
          start = 0
          end = readSync(handle, block, 0, block.length, null)
          if (end === 0) return undefined
        }
        const part = Buffer.from(block.subarray(start, Math.min(end, start + missing)))
        start += part.length
        missing -= part.length
        parts.push(part)
      }
      const [only] = parts
      return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts)
    },
    invalid: (reason) =>
      new FilesystemError({ code: 'manifest-invalid', path: manifestPath.toString(), reason }),
    close: () => closeSync(handle),
  }
}
