import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { failureOf } from '../engine-failure.ts'
import type { BlobId, SnapshotId } from '../format/ids.ts'
import type { Repository } from '../repository.ts'
import { describeTree, noise } from '../testing/awkward-tree.ts'
import { backUp, restoreInto, snapshotOf } from '../testing/backup-run.ts'
import { withFaults } from '../testing/faulty-backend.ts'
import { makeThrowawayRepository } from '../testing/throwaway-repository.ts'

const base = mkdtempSync(join(tmpdir(), 'holdfast-restore-'))
after(() => rmSync(base, { recursive: true, force: true }))

function makeVolume(name: string): string {
  const path = join(base, name, 'shop', 'data')
  mkdirSync(path, { recursive: true })
  return path
}

/** A snapshot whose trees hold exactly this JSON at `/shop/data`. */
async function snapshotOfNodes(repository: Repository, nodes: readonly object[]) {
  let tree = await saveTree(repository, nodes)
  for (const name of ['data', 'shop']) {
    tree = await saveTree(repository, [{ ...node(name, 'dir'), content: null, subtree: tree }])
  }
  await repository.flush(undefined)
  return await repository.saveSnapshot(
    {
      time: 1n,
      tree,
      paths: ['/shop/data'],
      hostname: 'cluster',
      username: '',
      uid: 0,
      gid: 0,
      excludes: [],
      tags: [],
    },
    undefined,
  )
}

async function saveTree(repository: Repository, nodes: readonly object[]): Promise<BlobId> {
  const plain = Buffer.from(`${JSON.stringify({ nodes })}\n`)
  return (await repository.saveBlob('tree', plain, undefined)).id
}

function node(name: string, type: string): object {
  const time = '2024-01-02T03:04:05Z'
  const mode = type === 'dir' ? 2_147_484_141 : 420
  const { uid, gid } = { uid: process.getuid?.(), gid: process.getgid?.() }
  return { name, type, mode, mtime: time, atime: time, ctime: time, uid, gid, content: null }
}

test('a hostile tree cannot lead out of the target', async () => {
  await using made = await makeThrowawayRepository()
  const { repository } = made
  const outside = join(base, 'outside')
  mkdirSync(outside)
  const content = [(await repository.saveBlob('data', Buffer.from('evil'), undefined)).id]
  const evil = { ...node('evil', 'file'), size: 4, links: 1, content }
  const inside = await saveTree(repository, [evil])
  const link = { ...node('x', 'symlink'), linktarget: outside }
  const directory = { ...node('x', 'dir'), subtree: inside }
  const trees: readonly (readonly object[])[] = [
    [link, directory],
    [directory, link],
    [link, { ...evil, name: 'x/evil' }],
    [{ ...directory, name: '..' }],
    [{ ...evil, name: '../outside/evil' }],
    [{ ...evil, name: '.' }],
    [{ ...evil, name: '' }],
    [{ ...evil, name: 'a\\x00b' }],
    [link, { ...evil, name: 'x' }],
  ]
  for (const [index, nodes] of trees.entries()) {
    const snapshotId = await snapshotOfNodes(repository, nodes)
    const target = join(base, `hostile-${index}`)
    await assert.rejects(
      restoreInto(repository, snapshotId, target),
      (error) => failureOf(error, 'format-invalid') !== undefined,
      JSON.stringify(nodes),
    )
    assert.deepEqual(readdirSync(outside), [])
    assert.deepEqual(readdirSync(target), [], 'refused before anything was written')
  }
})

test('a file whose blobs do not add up to its size is refused', async () => {
  await using made = await makeThrowawayRepository()
  const { repository } = made
  const content = [(await repository.saveBlob('data', Buffer.from('abcd'), undefined)).id]
  const file = { ...node('file', 'file'), size: 5, links: 1, content }
  const snapshotId = await snapshotOfNodes(repository, [file])
  await assert.rejects(
    restoreInto(repository, snapshotId, join(base, 'wrong-size')),
    (error) => failureOf(error, 'format-invalid') !== undefined,
  )
})

test('restoring refuses beforehand: no space, no such path, no such snapshot', async () => {
  await using made = await makeThrowawayRepository()
  const source = makeVolume('refused')
  writeFileSync(join(source, 'file'), noise(1, 3_000_000))
  const snapshotId = snapshotOf(await backUp(made.repository, source))
  const target = join(base, 'refused-out')
  const gibibyte = 1024 ** 3
  // Enough for the data, but not for the part that must stay free as well.
  const space = { freeBytes: gibibyte + 2_000_000, totalBytes: 40 * gibibyte }
  await assert.rejects(restoreInto(made.repository, snapshotId, target, { space }), (error) => {
    const failure = failureOf(error, 'no-space')
    assert.equal(failure?.freeBytes, space.freeBytes)
    assert.ok(failure.neededBytes > gibibyte + 3_000_000)
    return true
  })
  await assert.rejects(
    restoreInto(made.repository, snapshotId, target, { logicalPath: '/shop/other' }),
    (error) => failureOf(error, 'path-not-found')?.path === '/shop/other',
  )
  await assert.rejects(
    restoreInto(made.repository, 'ab'.repeat(32) as SnapshotId, target),
    (error) => failureOf(error, 'object-not-found')?.kind === 'snapshots',
  )
  assert.deepEqual(readdirSync(target), [])
})

test('leftovers of an earlier run are cleared only where nobody else can reach them', async () => {
  await using made = await makeThrowawayRepository()
  const source = makeVolume('leftovers')
  writeFileSync(join(source, 'file'), 'content')
  const snapshotId = snapshotOf(await backUp(made.repository, source))
  const staging = join(base, 'staging')
  const target = join(staging, 'target')
  mkdirSync(join(target, 'half/made'), { recursive: true })
  writeFileSync(join(target, 'half/made/file'), 'x')
  writeFileSync(Buffer.from([...Buffer.from(`${target}/`), 0xff]), 'x')
  symlinkSync('/etc', join(target, 'link'))
  chmodSync(staging, 0o755)
  await assert.rejects(
    restoreInto(made.repository, snapshotId, target),
    (error) => failureOf(error, 'target-unusable')?.reason === 'it is not empty',
  )
  assert.equal(readFileSync(join(target, 'half/made/file'), 'utf8'), 'x')
  chmodSync(staging, 0o700)
  await restoreInto(made.repository, snapshotId, target)
  assert.deepEqual(describeTree(Buffer.from(target)), describeTree(Buffer.from(source)))
  assert.ok(existsSync('/etc/passwd'))
})

test('a bad copy of a blob is replaced by a good one, and without one the restore fails', async () => {
  await using made = await makeThrowawayRepository()
  const source = makeVolume('damaged')
  writeFileSync(join(source, 'file'), noise(5, 3_000_000))
  const snapshotId = snapshotOf(await backUp(made.repository, source))
  // Four trees are loaded first. The range of the data pack comes damaged once: the blobs that
  // suffered are then fetched by themselves.
  const once = [{ operation: 'load', kind: 'data', effect: 'flip-byte', after: 4 }] as const
  const healing = withFaults(made.backend, once)
  const target = join(base, 'damaged-out')
  await restoreInto(await made.reopen({ backend: healing }), snapshotId, target)
  healing.assertAllFired()
  assert.deepEqual(describeTree(Buffer.from(target)), describeTree(Buffer.from(source)))

  const again = { ...once[0], after: 0 }
  const always = withFaults(made.backend, [once[0], ...Array(40).fill(again)])
  const repository = await made.reopen({ backend: always })
  await assert.rejects(
    restoreInto(repository, snapshotId, join(base, 'damaged-out-2')),
    (error) => failureOf(error, 'blob-corrupt') !== undefined,
  )
})

test('hard links to a file outside of the volume do not confuse', async () => {
  await using made = await makeThrowawayRepository()
  const source = makeVolume('links')
  writeFileSync(join(source, '..', 'outside'), 'shared')
  for (const name of ['a', 'b']) linkSync(join(source, '..', 'outside'), join(source, name))
  const snapshotId = snapshotOf(await backUp(made.repository, source))
  const target = join(base, 'links-out')
  await restoreInto(made.repository, snapshotId, target)
  const [a, b] = ['a', 'b'].map((name) => statSync(join(target, name)))
  assert.equal(a?.ino, b?.ino)
  assert.equal(a?.nlink, 2)
  assert.equal(readFileSync(join(target, 'b'), 'utf8'), 'shared')
})

test('more entries than a window holds, directories spread over windows', async () => {
  await using made = await makeThrowawayRepository({ workers: 1 })
  const source = makeVolume('windows')
  for (let d = 0; d < 10; d += 1) {
    mkdirSync(join(source, `d${d}`))
    for (let f = 0; f < 450; f += 1) writeFileSync(join(source, `d${d}/f${f}`), `${d}-${f % 7}`)
  }
  chmodSync(join(source, 'd9'), 0o500)
  const snapshotId = snapshotOf(await backUp(made.repository, source))
  const target = join(base, 'windows-out')
  const { restored } = await restoreInto(made.repository, snapshotId, target)
  assert.equal(restored.entries, 1 + 10 + 4500)
  assert.deepEqual(describeTree(Buffer.from(target)), describeTree(Buffer.from(source)))
})

test('a restore that is aborted stops', async () => {
  await using made = await makeThrowawayRepository()
  const source = makeVolume('abort')
  writeFileSync(join(source, 'file'), 'x')
  const snapshotId = snapshotOf(await backUp(made.repository, source))
  const signal = AbortSignal.abort(new Error('enough'))
  const target = join(base, 'abort-out')
  await assert.rejects(restoreInto(made.repository, snapshotId, target, { signal }), /enough/)
  assert.deepEqual(readdirSync(target), [])
})

test('any file content comes back, holes and runs of zeros included', async () => {
  await using made = await makeThrowawayRepository()
  const part = fc.record({
    isZero: fc.boolean(),
    length: fc.oneof(fc.nat(100), fc.nat(200_000), fc.constant(65_536), fc.constant(524_288)),
    seed: fc.nat(5),
  })
  let runs = 0
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 6 }), async (parts) => {
      runs += 1
      const source = makeVolume(`content-${runs}`)
      const content = Buffer.concat(
        parts.map(({ isZero, length, seed }) =>
          isZero ? Buffer.alloc(length) : noise(seed, length),
        ),
      )
      writeFileSync(join(source, 'file'), content)
      const snapshotId = snapshotOf(await backUp(made.repository, source, { parent: 'none' }))
      const target = join(base, `content-out-${runs}`)
      await restoreInto(made.repository, snapshotId, target)
      assert.ok(readFileSync(join(target, 'file')).equals(content))
    }),
    { numRuns: 12 },
  )
})
