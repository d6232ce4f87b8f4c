import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seal } from '../crypto/sealed-bytes.ts'
import type { BlobId, PackId } from '../format/ids.ts'
import { sha256Hex } from '../format/sha256.ts'
import { encodeIndexFile } from '../index/index-file.ts'
import {
  GOLDEN_FILE,
  GOLDEN_FILE_ID,
  GOLDEN_KEY,
  GOLDEN_NONCES,
  GOLDEN_SNAPSHOT_JSON,
  GOLDEN_TREE,
  GOLDEN_TREE_ID,
  rawZstdFrame,
  sequence,
} from '../testing/golden-vectors.ts'
import { memoryBackend } from '../testing/memory-backend.ts'
import { decodeUnpacked } from '../unpacked-file.ts'
import { blobIdOf, decodeBlob } from './blob-encoding.ts'
import { type FinishedPack, PackBuilder } from './pack-builder.ts'
import { readPackHeader } from './read-pack-header.ts'

const VARIANTS = [
  {
    name: 'uncompressed',
    frameOf: (plain: Buffer) => plain,
    plainLengthOf: () => 0,
    unpackedOf: (json: Buffer) => json,
    dataPack: [118, '7cc0877fec9f8e68a344f224a8cbe34eef203a140771c44b52833bb3a54174fb'],
    treePack: [371, 'bc0dd63420c0aae9496ed4d43aedac6be46663292e7ecedba0148173b369e979'],
    index: [435, 'aa9975c0ebf6ca4713c62bbd61aa210cbae5bf4b4a567d76ec402d024318c408'],
    snapshot: [183, '62b4bf57444f72fb02608f538a66f7aed7c994210710a64a3cd57dc2e10a536a'],
  },
  {
    name: 'compressed',
    frameOf: rawZstdFrame,
    plainLengthOf: (plain: Buffer) => plain.length,
    unpackedOf: (json: Buffer) => Buffer.concat([Buffer.of(2), rawZstdFrame(json)]),
    dataPack: [131, 'a5430af10811b72f321188d49dd85fc37d09e7548af58a52e5814b7e68e9f490'],
    treePack: [385, '463a341b49e41319a4ec55b9a094f771c25dd23b5298657df98e3376a3b4509e'],
    index: [497, '07c9707d948f49380f11c968c7bc8dba503c96b1eedec8ebcfacc1b211f2437f'],
    snapshot: [193, '160e98f621257afd30d7a793bc2f14b9939aa8cb33280f80ba291e3d1fbd8557'],
  },
] as const

test('blob ids are those of the reference', () => {
  assert.equal(blobIdOf(GOLDEN_FILE), GOLDEN_FILE_ID)
  assert.equal(blobIdOf(GOLDEN_TREE), GOLDEN_TREE_ID)
  assert.equal(
    blobIdOf(Buffer.alloc(512 * 1024)),
    '07854d2fef297a06ba81685e660c332de36d5d18d546927d30daad6d7fda1541',
  )
})

for (const variant of VARIANTS) {
  test(`the ${variant.name} golden repository comes out byte for byte`, async () => {
    const { dataBlob, dataHeader, treeBlob, treeHeader } = GOLDEN_NONCES
    const data = packOf(variant, 'data', GOLDEN_FILE, dataBlob, dataHeader)
    const tree = packOf(variant, 'tree', GOLDEN_TREE, treeBlob, treeHeader)
    assert.deepEqual([data.sizeBytes, data.id], variant.dataPack)
    assert.deepEqual([tree.sizeBytes, tree.id], variant.treePack)
    const index = variant.unpackedOf(encodeIndexFile([data, tree]))
    assert.deepEqual(sealedFile(index, GOLDEN_NONCES.index), variant.index)
    const snapshot = variant.unpackedOf(Buffer.from(GOLDEN_SNAPSHOT_JSON))
    assert.deepEqual(sealedFile(snapshot, GOLDEN_NONCES.snapshot), variant.snapshot)
    await assertReadable(data, GOLDEN_FILE)
    await assertReadable(tree, GOLDEN_TREE)
    const sealed = seal(GOLDEN_KEY, sequence(1, 16), index)
    assert.deepEqual(decodeUnpacked(GOLDEN_KEY, sealed), encodeIndexFile([data, tree]))
  })
}

function packOf(
  variant: (typeof VARIANTS)[number],
  type: 'data' | 'tree',
  plain: Buffer,
  blobNonce: number,
  headerNonce: number,
): FinishedPack {
  const pack = new PackBuilder(type)
  pack.add(blobIdOf(plain), {
    sealed: seal(GOLDEN_KEY, sequence(blobNonce, 16), variant.frameOf(plain)),
    uncompressedLength: variant.plainLengthOf(plain),
  })
  return pack.finish(GOLDEN_KEY, sequence(headerNonce, 16))
}

function sealedFile(plain: Buffer, nonce: number): [number, string] {
  const sealed = seal(GOLDEN_KEY, sequence(nonce, 16), plain)
  return [sealed.length, sha256Hex(sealed)]
}

async function assertReadable(pack: FinishedPack, plain: Buffer): Promise<void> {
  const backend = memoryBackend()
  await backend.save({ kind: 'data', name: pack.id }, pack.content, undefined)
  const toRead = { backend, key: GOLDEN_KEY, packId: pack.id as PackId, sizeBytes: pack.sizeBytes }
  const blobs = await readPackHeader(toRead, undefined)
  assert.deepEqual(blobs, pack.blobs)
  const { offset, length, uncompressedLength, type, id } = blobs[0]!
  const handle = { kind: 'data', name: pack.id } as const
  const sealed = await backend.load(handle, { offset, length }, undefined)
  const opened = decodeBlob(GOLDEN_KEY, { type, id: id as BlobId, sealed, uncompressedLength })
  assert.deepEqual(opened, plain)
}
