// Damaged repositories, and the diagnosis that check must give for each.
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { encodePackHeader, type PackedBlob } from '../blob/pack-header.ts'
import { secureRandomBytes } from '../crypto/random.ts'
import { sealWithRandomNonce } from '../crypto/sealed-bytes.ts'
import { EngineError, failureOf } from '../engine-failure.ts'
import type { BlobId, PackId } from '../format/ids.ts'
import { sha256Hex } from '../format/sha256.ts'
import { openRepository } from '../open-repository.ts'
import type { Repository } from '../repository.ts'
import { noise } from '../testing/awkward-tree.ts'
import { withFaults } from '../testing/faulty-backend.ts'
import { type MemoryBackend, memoryBackend } from '../testing/memory-backend.ts'
import { saveSyntheticSnapshot } from '../testing/synthetic-snapshot.ts'
import {
  localBackendIn,
  makeThrowawayDirectory,
  makeThrowawayRepository,
  type ThrowawayRepository,
} from '../testing/throwaway-repository.ts'
import { check } from './check.ts'
import type { CheckFinding } from './check-findings.ts'

const CONTENT = {
  text: Buffer.from('hello restic\n'.repeat(100)),
  sub: { noise: noise(1, 90_000) },
}
const LABEL = { second: 1, tags: [] }

interface Sound {
  readonly made: ThrowawayRepository
  readonly backend: MemoryBackend
  readonly repository: Repository
}

async function makeSound(): Promise<Sound> {
  const backend = memoryBackend()
  const made = await makeThrowawayRepository({ backend })
  await saveSyntheticSnapshot(made.repository, CONTENT, LABEL)
  await made.repository.loadIndex(undefined)
  return { made, backend, repository: made.repository }
}

function runCheck(repository: Repository, readData: boolean): Promise<CheckFinding[]> {
  return check({ repository, readData, onProgress: () => undefined, signal: undefined })
}

/** The codes of both kinds of check, each once; errors first. */
async function codes(repository: Repository): Promise<{ structure: string[]; data: string[] }> {
  const codesOf = (findings: readonly CheckFinding[]) => [
    ...new Set(findings.map(({ code }) => code)),
  ]
  return {
    structure: codesOf(await runCheck(repository, false)),
    data: codesOf(await runCheck(repository, true)),
  }
}

function packOf({ repository }: Sound, type: 'data' | 'tree'): PackId {
  for (const { id, blobs } of repository.index.packs()) if (blobs[0]?.type === type) return id
  throw new Error(`no ${type} pack`)
}

function namesOf(backend: MemoryBackend, kind: string): string[] {
  return [...backend.objects.keys()].filter((name) => name.startsWith(`${kind}/`))
}

test('a sound repository has no findings, and check says how far it is', async () => {
  const { made, repository } = await makeSound()
  assert.deepEqual(await runCheck(repository, false), [])
  const progress: number[] = []
  const findings = await check({
    repository,
    readData: true,
    onProgress: ({ packsDone, packCount }) => progress.push(packsDone / packCount),
    signal: undefined,
  })
  assert.deepEqual(findings, [])
  assert.deepEqual(progress, [0.5, 1])
  await made.dispose()
})

test('an empty repository has no findings', async () => {
  const made = await makeThrowawayRepository()
  assert.deepEqual(await runCheck(made.repository, true), [])
  await made.dispose()
})

test('truncated pack', async () => {
  const sound = await makeSound()
  const name = `data/${packOf(sound, 'data')}`
  sound.backend.objects.set(name, sound.backend.objects.get(name)!.subarray(0, -1))
  const { structure, data } = await codes(sound.repository)
  assert.deepEqual(structure, ['pack-truncated'])
  assert.deepEqual(data, ['pack-truncated'])
  await sound.made.dispose()
})

test('pack with bytes behind its end', async () => {
  const sound = await makeSound()
  const name = `data/${packOf(sound, 'data')}`
  const longer = Buffer.concat([sound.backend.objects.get(name)!, Buffer.of(0)])
  sound.backend.objects.set(name, longer)
  assert.deepEqual((await codes(sound.repository)).structure, ['pack-size-wrong'])
  await sound.made.dispose()
})

test('flipped byte in a data pack: only reading the data shows it', async () => {
  const sound = await makeSound()
  const id = packOf(sound, 'data')
  sound.backend.objects.get(`data/${id}`)![5000]! ^= 1
  const { structure, data } = await codes(sound.repository)
  assert.deepEqual(structure, [])
  assert.deepEqual(data, ['blob-corrupt', 'pack-corrupt'])
  for (const { message } of await runCheck(sound.repository, true)) assert.ok(message.includes(id))
  await sound.made.dispose()
})

test('flipped byte in a tree pack', async () => {
  const sound = await makeSound()
  sound.backend.objects.get(`data/${packOf(sound, 'tree')}`)![20]! ^= 1
  const { structure, data } = await codes(sound.repository)
  assert.deepEqual(structure, ['tree-corrupt'])
  assert.deepEqual(data, ['blob-corrupt', 'pack-corrupt', 'tree-corrupt'])
  await sound.made.dispose()
})

test('flipped byte in a pack header', async () => {
  const sound = await makeSound()
  const content = sound.backend.objects.get(`data/${packOf(sound, 'data')}`)!
  content[content.length - 20]! ^= 1
  assert.deepEqual((await codes(sound.repository)).data, ['pack-corrupt', 'pack-header-wrong'])
  await sound.made.dispose()
})

test('flipped bytes all over a pack are found', async () => {
  const sound = await makeSound()
  const content = sound.backend.objects.get(`data/${packOf(sound, 'tree')}`)!
  for (let at = 0; at < content.length; at += 7) {
    content[at]! ^= 0x80
    const findings = await runCheck(sound.repository, true)
    assert.ok(
      findings.some(({ code }) => code === 'pack-corrupt'),
      `byte ${at}`,
    )
    content[at]! ^= 0x80
  }
  assert.deepEqual(await runCheck(sound.repository, true), [])
  await sound.made.dispose()
})

test('missing data pack', async () => {
  const sound = await makeSound()
  sound.backend.objects.delete(`data/${packOf(sound, 'data')}`)
  assert.deepEqual((await codes(sound.repository)).data, ['pack-missing'])
  await sound.made.dispose()
})

test('missing tree pack', async () => {
  const sound = await makeSound()
  sound.backend.objects.delete(`data/${packOf(sound, 'tree')}`)
  assert.deepEqual((await codes(sound.repository)).structure, ['pack-missing', 'tree-corrupt'])
  await sound.made.dispose()
})

test('missing index: the root is missing, the packs are nobody’s', async () => {
  const sound = await makeSound()
  sound.backend.objects.delete(namesOf(sound.backend, 'index')[0]!)
  assert.deepEqual((await codes(sound.repository)).data, ['tree-missing', 'unreferenced-pack'])
  await sound.made.dispose()
})

test('missing index of an earlier run: files lack blobs', async () => {
  const sound = await makeSound()
  const before = new Set(namesOf(sound.backend, 'index'))
  // Shares the noise with the first snapshot, whose index goes.
  await saveSyntheticSnapshot(
    sound.repository,
    { again: CONTENT.sub.noise },
    { second: 2, tags: [] },
  )
  for (const name of before) sound.backend.objects.delete(name)
  const { structure } = await codes(sound.repository)
  assert.deepEqual(structure, ['index-missing-blob', 'tree-missing', 'unreferenced-pack'])
  await sound.made.dispose()
})

test('flipped byte in an index, in a snapshot', async () => {
  const sound = await makeSound()
  sound.backend.objects.get(namesOf(sound.backend, 'index')[0]!)![40]! ^= 1
  sound.backend.objects.get(namesOf(sound.backend, 'snapshots')[0]!)![40]! ^= 1
  assert.deepEqual((await codes(sound.repository)).data, [
    'index-corrupt',
    'snapshot-corrupt',
    'unreferenced-pack',
  ])
  await sound.made.dispose()
})

test('damaged and missing keys, which nobody misses who has the master key', async () => {
  const sound = await makeSound()
  const [name] = namesOf(sound.backend, 'keys')
  const content = sound.backend.objects.get(name!)!
  sound.backend.objects.set(name!, content.subarray(0, 100))
  assert.deepEqual((await codes(sound.repository)).structure, ['key-corrupt'])
  sound.backend.objects.delete(name!)
  assert.deepEqual((await codes(sound.repository)).structure, ['key-missing'])
  await sound.made.dispose()
})

test('empty files, as a store without fsync leaves after a power cut', async () => {
  const sound = await makeSound()
  for (const kind of ['index', 'snapshots', 'data']) {
    for (const name of namesOf(sound.backend, kind))
      sound.backend.objects.set(name, Buffer.alloc(0))
  }
  assert.deepEqual((await codes(sound.repository)).data, [
    'index-corrupt',
    'snapshot-corrupt',
    'unreferenced-pack',
  ])
  await sound.made.dispose()
})

test('stray temporary files and foreign names', async () => {
  await using directory = await makeThrowawayDirectory()
  const backend = localBackendIn(directory.path)
  await using made = await makeThrowawayRepository({ backend })
  await saveSyntheticSnapshot(made.repository, CONTENT, LABEL)
  const root = join(directory.path, 'repository')
  await mkdir(join(root, 'data', 'ab'), { recursive: true })
  await writeFile(join(root, 'data', 'ab', `${'ab'.repeat(32)}-tmp-123456`), 'half a pack')
  await writeFile(join(root, 'index', `${'cd'.repeat(32)}-tmp-99`), 'half an index')
  await writeFile(join(root, 'index', 'README'), 'not ours')
  const findings = await runCheck(made.repository, true)
  assert.deepEqual(
    findings.map(({ severity, code }) => [severity, code]),
    [
      ['hint', 'stray-temp-file'],
      ['hint', 'stray-temp-file'],
    ],
  )
  assert.ok(findings.some(({ message }) => message.includes('-tmp-123456')))
})

test('wrong key', async () => {
  const sound = await makeSound()
  const other = await makeThrowawayRepository()
  const opening = openRepository({
    backend: sound.backend,
    credentials: { key: other.key },
    randomBytes: secureRandomBytes,
    workers: 0,
    signal: undefined,
  })
  await assert.rejects(opening, (error) => failureOf(error, 'config-corrupt') !== undefined)
  const guessing = openRepository({
    backend: sound.backend,
    credentials: { password: 'wrong' },
    randomBytes: secureRandomBytes,
    workers: 0,
    signal: undefined,
  })
  await assert.rejects(guessing, (error) => failureOf(error, 'wrong-password') !== undefined)
  await sound.made.dispose()
  await other.dispose()
})

test('wrong plain length, in header and index alike: stock restic does not see it', async () => {
  for (const by of [5, -5]) {
    const sound = await makeSound()
    await rewritePack(sound, packOf(sound, 'data'), (blob) =>
      blob.uncompressedLength === 0
        ? blob
        : { ...blob, uncompressedLength: blob.uncompressedLength + by },
    )
    const { structure, data } = await codes(sound.repository)
    assert.deepEqual(structure, ['file-size-differs'])
    assert.deepEqual(data, ['length-mismatch', 'file-size-differs'])
    await sound.made.dispose()
  }
})

test('index and header that disagree', async () => {
  const sound = await makeSound()
  const [indexName] = namesOf(sound.backend, 'index')
  const packs = [...sound.repository.index.packs()].map(({ id, blobs }) => ({
    id,
    blobs: blobs.map((blob, at) => (at === 0 ? { ...blob, id: 'ee'.repeat(32) as BlobId } : blob)),
  }))
  await sound.repository.saveIndex(packs, undefined)
  sound.backend.objects.delete(indexName!)
  const { data } = await codes(sound.repository)
  assert.ok(data.includes('pack-header-wrong'), data.join())
  assert.ok(data.includes('blob-corrupt'), data.join())
  await sound.made.dispose()
})

test('index with a gap between two blobs', async () => {
  const sound = await makeSound()
  const [indexName] = namesOf(sound.backend, 'index')
  const packs = [...sound.repository.index.packs()].map(({ id, blobs }) => ({
    id,
    blobs: blobs.map((blob, at) => (at === 1 ? { ...blob, offset: blob.offset + 1 } : blob)),
  }))
  await sound.repository.saveIndex(packs, undefined)
  sound.backend.objects.delete(indexName!)
  assert.ok((await codes(sound.repository)).structure.includes('pack-layout-wrong'))
  await sound.made.dispose()
})

test('pack that two index files list', async () => {
  const sound = await makeSound()
  await sound.repository.saveIndex(sound.repository.index.packs(), undefined)
  assert.deepEqual((await codes(sound.repository)).data, ['pack-in-several-indexes'])
  await sound.made.dispose()
})

test('trees that lack what they must have', async () => {
  const sound = await makeSound()
  const tree =
    '{"nodes":[{"name":"z","type":"file","content":null},{"name":"a","type":"dir"},' +
    `{"name":"b","type":"file","content":["${'ab'.repeat(32)}"]},` +
    `{"name":"c","type":"dir","subtree":"${'cd'.repeat(32)}"}]}\n`
  await saveRawTree(sound.repository, tree)
  await saveRawTree(sound.repository, '{"nodes":[{"name":"../x","type":"file"}]}\n')
  assert.deepEqual((await codes(sound.repository)).data, [
    'directory-without-tree',
    'file-without-content',
    'index-missing-blob',
    'tree-corrupt',
    'tree-missing',
    'nodes-unordered',
  ])
  await sound.made.dispose()
})

test('a pack that vanishes or cannot be read while it is checked', async () => {
  const sound = await makeSound()
  const eio = { code: 'backend-failed', url: 'memory:', reason: 'EIO: i/o error' } as const
  const kind = 'data'
  const faults = [{ operation: 'load', kind, after: 2, effect: 'before', failure: eio }] as const
  const backend = withFaults(sound.backend, faults)
  const repository = await sound.made.reopen({ backend })
  const findings = await runCheck(repository, true)
  assert.deepEqual([...new Set(findings.map(({ code }) => code))], ['pack-corrupt'])
  backend.assertAllFired()
  await sound.made.dispose()
})

test('a backup that is under way is no damage, at any of its writes', async () => {
  const sound = await makeSound()
  const found: string[][] = []
  const watched = {
    ...sound.backend,
    save: async (...args: Parameters<MemoryBackend['save']>) => {
      await sound.backend.save(...args)
      found.push((await codes(sound.repository)).data)
    },
  }
  const writer = await sound.made.reopen({ backend: watched })
  await saveSyntheticSnapshot(writer, { new: noise(5, 100_000) }, { second: 2, tags: [] })
  // Data pack, tree pack, index, snapshot.
  assert.deepEqual(found, [['unreferenced-pack'], ['unreferenced-pack'], [], []])
  await sound.made.dispose()
})

test('a store that fails ends the check; that is no damage', async () => {
  const sound = await makeSound()
  const faults = [{ operation: 'load', kind: 'snapshots', effect: 'before' }] as const
  const repository = await sound.made.reopen({ backend: withFaults(sound.backend, faults) })
  await assert.rejects(
    runCheck(repository, true),
    (error) => failureOf(error, 'backend-unavailable') !== undefined,
  )
  await sound.made.dispose()
})

test('very many findings of a kind are counted, not named', async () => {
  const sound = await makeSound()
  for (let n = 0; n < 150; n += 1) {
    sound.backend.objects.set(`data/${sha256Hex(Buffer.from([n]))}`, Buffer.alloc(1))
  }
  const findings = await runCheck(sound.repository, false)
  assert.equal(findings.length, 101)
  assert.ok(findings.some(({ message }) => message === 'There are 50 more of these.'))
  await sound.made.dispose()
})

async function saveRawTree(repository: Repository, json: string): Promise<void> {
  const { id } = await repository.saveBlob('tree', Uint8Array.from(Buffer.from(json)), undefined)
  await repository.flush(undefined)
  await repository.saveSnapshot(
    {
      time: 0n,
      tree: id,
      paths: ['/'],
      hostname: '',
      username: '',
      uid: 0,
      gid: 0,
      excludes: [],
      tags: [],
    },
    undefined,
  )
}

/** Makes the pack anew with other entries, sound in every other respect, and the index too. */
async function rewritePack(
  { made, backend, repository }: Sound,
  packId: PackId,
  change: (blob: PackedBlob) => PackedBlob,
): Promise<void> {
  const oldIndexes = namesOf(backend, 'index')
  const packs = [...repository.index.packs()].map(({ id, blobs }) => ({ id, blobs: [...blobs] }))
  const pack = packs.find(({ id }) => id === packId)
  if (pack === undefined) throw new EngineError({ code: 'pack-corrupt', packId, reason: 'unknown' })
  const changed = pack.blobs.map(change)
  const blobBytes = changed.reduce((sum, { length }) => sum + length, 0)
  const content = backend.objects.get(`data/${packId}`)!.subarray(0, blobBytes)
  const header = sealWithRandomNonce(made.key, secureRandomBytes, encodePackHeader(changed))
  const trailer = Buffer.alloc(4)
  trailer.writeUInt32LE(header.length)
  const bytes = Buffer.concat([content, header, trailer])
  const id = sha256Hex(bytes) as PackId
  backend.objects.delete(`data/${packId}`)
  backend.objects.set(`data/${id}`, bytes)
  const rest = packs.filter((each) => each !== pack)
  await repository.saveIndex([...rest, { id, blobs: changed }], undefined)
  for (const name of oldIndexes) backend.objects.delete(name)
}
