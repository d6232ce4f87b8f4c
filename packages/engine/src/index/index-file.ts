// Writes index files, and loads all of them (repository format, sections 2.3 and 2.4).
import type { PackedBlob } from '../blob/pack-header.ts'
import { EngineError, failureOf } from '../engine-failure.ts'
import type { IndexId } from '../format/ids.ts'
import { releaseMemory } from '../release-memory.ts'
import { loadUnpacked, saveUnpacked, type UnpackedFiles } from '../unpacked-file.ts'
import { BlobIndex, type IndexedPack } from './blob-index.ts'

/** About 8 MB of JSON. One pack is never split over two files: stock restic would lose entries. */
export const INDEX_BLOBS_MAX = 50_000

/** Saves as many index files as the packs need; answers their ids. */
export async function saveIndexFiles(
  files: UnpackedFiles,
  packs: Iterable<IndexedPack>,
  signal: AbortSignal | undefined,
): Promise<IndexId[]> {
  const ids: IndexId[] = []
  for (const group of groupForFiles(packs)) {
    ids.push(await saveUnpacked<IndexId>(files, 'index', encodeIndexFile(group), signal))
  }
  return ids
}

/** One index file per answer, as JSON. */
export function encodeIndexFile(packs: readonly IndexedPack[]): Buffer {
  const encoded = packs.map(({ id, blobs }) => {
    return `{"id":"${id}","blobs":[${blobs.map(encodeBlobEntry).join(',')}]}`
  })
  return Buffer.from(`{"packs":[${encoded.join(',')}]}\n`, 'latin1')
}

/** Loads every index file. Fails with `index-corrupt`. */
export async function loadBlobIndex(
  files: Pick<UnpackedFiles, 'backend' | 'key'>,
  signal: AbortSignal | undefined,
): Promise<BlobIndex> {
  const index = new BlobIndex()
  const loadedIds = new Set<IndexId>()
  for (let round = 0; round < LISTINGS_MAX; round += 1) {
    const ids = (await listIndexIds(files, signal)).filter((id) => !loadedIds.has(id))
    let hasVanished = false
    for (const [at, loading] of prefetched(ids, (id) => loadIndexJson(files, id, signal))) {
      const json = await loading
      if (json === undefined) hasVanished = true
      else addOrFail(index, ids[at]!, json)
      loadedIds.add(ids[at]!)
    }
    if (!hasVanished) return index
  }
  const reason = `index files vanished during ${LISTINGS_MAX} attempts to load them`
  throw new EngineError({ code: 'backend-unavailable', url: files.backend.url, reason })
}

/**
 * A reader without a lock may meet a prune that replaces index files: what vanished after it was
 * listed stands in a file of the next listing.
 */
const LISTINGS_MAX = 5

async function listIndexIds(
  { backend }: Pick<UnpackedFiles, 'backend'>,
  signal: AbortSignal | undefined,
): Promise<IndexId[]> {
  const ids: IndexId[] = []
  for await (const { name } of backend.list('index', signal)) ids.push(name as IndexId)
  // Sorted, so that equal repositories give equal numbers to entries.
  return ids.sort()
}

function addOrFail(index: BlobIndex, id: IndexId, json: Buffer): void {
  const reason = index.addIndexFile(id, json)
  releaseMemory(json)
  if (reason !== undefined) failIndex(id, reason)
}

function* groupForFiles(packs: Iterable<IndexedPack>): Iterable<IndexedPack[]> {
  let group: IndexedPack[] = []
  let blobCount = 0
  for (const pack of packs) {
    if (group.length > 0 && blobCount + pack.blobs.length > INDEX_BLOBS_MAX) {
      yield group
      group = []
      blobCount = 0
    }
    group.push(pack)
    blobCount += pack.blobs.length
  }
  if (group.length > 0) yield group
}

function encodeBlobEntry(blob: PackedBlob): string {
  const { id, type, offset, length, uncompressedLength } = blob
  const tail = uncompressedLength === 0 ? '' : `,"uncompressed_length":${uncompressedLength}`
  return `{"id":"${id}","type":"${type}","offset":${offset},"length":${length}${tail}}`
}

/** Answers undefined when the file is gone. */
async function loadIndexJson(
  files: Pick<UnpackedFiles, 'backend' | 'key'>,
  id: IndexId,
  signal: AbortSignal | undefined,
): Promise<Buffer | undefined> {
  let json: Buffer | string
  try {
    json = await loadUnpacked(files, 'index', id, signal)
  } catch (error) {
    if (failureOf(error, 'object-not-found') !== undefined) return undefined
    throw error
  }
  if (typeof json === 'string') failIndex(id, json)
  return json
}

const PREFETCHED = 4

/** Begins the next few loads while the caller works on the first. */
function* prefetched<Item, Result>(
  items: readonly Item[],
  load: (item: Item) => Promise<Result>,
): Iterable<[number, Promise<Result>]> {
  const running: Promise<Result>[] = []
  for (let at = 0; at < items.length; at += 1) {
    while (running.length < PREFETCHED && at + running.length < items.length) {
      const loading = load(items[at + running.length]!)
      // The caller may stop at an earlier failure and never look at this one.
      loading.catch(() => undefined)
      running.push(loading)
    }
    yield [at, running.shift()!]
  }
}

function failIndex(indexId: IndexId, reason: string): never {
  throw new EngineError({ code: 'index-corrupt', indexId, reason })
}
