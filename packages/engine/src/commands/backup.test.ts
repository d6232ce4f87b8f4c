import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { writeEntryManifest } from '@holdfast/filesystem'
import { mountingMissing } from '@holdfast/filesystem/testing'
import type { Backend } from '../backend/backend.ts'
import { failureOf } from '../engine-failure.ts'
import {
  awkwardTreeOptions,
  describeTree,
  makeAwkwardTree,
  noise,
} from '../testing/awkward-tree.ts'
import { backUp, restoreInto, snapshotOf, subtreeOf } from '../testing/backup-run.ts'
import { withFaults } from '../testing/faulty-backend.ts'
import { makeThrowawayRepository } from '../testing/throwaway-repository.ts'
import { findNode, pathComponents } from './find-node.ts'

const base = mkdtempSync(join(tmpdir(), 'holdfast-backup-'))
after(() => rmSync(base, { recursive: true, force: true }))
const canMount = mountingMissing() === false

/** A directory `<name>/shop/data`, so that there is a namespace above the volume. */
function makeVolume(name: string): string {
  const path = join(base, name, 'shop', 'data')
  mkdirSync(path, { recursive: true })
  return path
}

test('everything awkward comes back as it was', async () => {
  await using made = await makeThrowawayRepository({ workers: 2 })
  const source = makeVolume('awkward')
  makeAwkwardTree(Buffer.from(source), awkwardTreeOptions({ path: base, isStockSafe: false }))
  const run = await backUp(made.repository, source)
  assert.deepEqual(run.missed, [])
  assert.deepEqual(run.warnings, [])
  assert.deepEqual(run.outcome.captured, run.outcome.expected)
  const target = join(base, 'awkward-out')
  const { restored, warnings } = await restoreInto(made.repository, snapshotOf(run), target)
  assert.deepEqual(restored, run.outcome.captured)
  assert.deepEqual(warnings, [])
  assert.deepEqual(describeTree(Buffer.from(target)), describeTree(Buffer.from(source)))
  // Holes come back as holes, and a run of written zeros becomes one.
  assert.ok(statSync(join(target, 'sparse')).blocks * 512 < 4_000_000)
  assert.ok(statSync(join(target, 'zeros')).blocks * 512 < 500_000)
})

test('an unchanged tree adds nothing and counts as unmodified', async () => {
  await using made = await makeThrowawayRepository()
  const source = makeVolume('unchanged')
  makeAwkwardTree(Buffer.from(source), awkwardTreeOptions({ path: base, isStockSafe: false }))
  const first = await backUp(made.repository, source)
  const second = await backUp(made.repository, source)
  assert.equal(second.parentId, first.snapshotId)
  const { filesNew, filesChanged, filesUnmodified, directoriesChanged } = second.outcome
  assert.deepEqual([filesNew, filesChanged, directoriesChanged], [0, 0, 0])
  assert.equal(filesUnmodified, first.outcome.filesNew)
  assert.equal(second.outcome.addedStoredBytes, 0)
  const trees = await Promise.all(
    [first, second].map((run) => subtreeOf(made.repository, snapshotOf(run))),
  )
  assert.equal(trees[0], trees[1])
})

test('a change that hides behind size and mtime is found by its ctime', async () => {
  await using made = await makeThrowawayRepository()
  const source = makeVolume('hidden-change')
  const path = join(source, 'file')
  writeFileSync(path, 'before')
  utimesSync(path, 1_600_000_000, 1_600_000_000)
  await backUp(made.repository, source)
  writeFileSync(path, 'after!')
  utimesSync(path, 1_600_000_000, 1_600_000_000)
  const run = await backUp(made.repository, source)
  assert.equal(run.outcome.filesChanged, 1)
  const target = join(base, 'hidden-change-out')
  await restoreInto(made.repository, snapshotOf(run), target)
  assert.deepEqual(describeTree(Buffer.from(target)), describeTree(Buffer.from(source)))
})

test('content of the parent that the index lacks is read again', async () => {
  await using made = await makeThrowawayRepository()
  const source = makeVolume('lost-blob')
  writeFileSync(join(source, 'file'), noise(1, 100_000))
  const first = await backUp(made.repository, source)
  // A second handle whose index was loaded before the data pack was stored knows the trees only
  // by what the test gives it: here the whole index is gone.
  for await (const { name } of made.backend.list('index', undefined)) {
    await made.backend.remove({ kind: 'index', name }, undefined)
  }
  const repository = await made.reopen()
  const run = await backUp(repository, source, { parent: snapshotOf(first) })
  assert.equal(run.outcome.filesUnmodified, 0)
  assert.ok(run.outcome.addedStoredBytes > 100_000)
  await restoreInto(await made.reopen(), snapshotOf(run), join(base, 'lost-blob-out'))
})

test('entries that vanish are no longer expected; sockets are not kept', async () => {
  await using made = await makeThrowawayRepository()
  const source = makeVolume('vanish')
  symlinkSync('nowhere', join(source, 'a'))
  mkdirSync(join(source, 'b'))
  writeFileSync(join(source, 'b/inside'), 'x')
  writeFileSync(join(source, 'c'), 'x')
  const server = createServer().listen(join(source, 'd'))
  await new Promise((resolve) => server.once('listening', resolve))
  let isRemoved = false
  // The link is captured in passing, when the names of its directory are read already.
  const onProgress = () => {
    if (isRemoved) return
    isRemoved = true
    rmSync(join(source, 'b'), { recursive: true })
    rmSync(join(source, 'c'))
  }
  const run = await backUp(made.repository, source, { onProgress })
  await new Promise((resolve) => server.close(resolve))
  assert.deepEqual(
    run.warnings.map(({ code, path }) => `${code} ${path}`),
    ['vanished b', 'vanished c', 'socket-skipped d'],
  )
  assert.deepEqual(run.missed, [])
  assert.deepEqual(run.outcome.expected, { entries: 2, bytes: 0 })
  assert.ok(run.snapshotId !== undefined)
})

test('a file that changes while it is read is captured with a warning', async () => {
  await using made = await makeThrowawayRepository({ workers: 1 })
  const source = makeVolume('changing')
  const path = join(source, 'growing')
  // More than a reading thread may have in hand: it cannot be done before the first progress.
  writeFileSync(path, noise(7, 48 * 1024 * 1024))
  let hasGrown = false
  const onProgress = ({ bytes }: { bytes: number }) => {
    if (hasGrown || bytes === 0) return
    hasGrown = true
    appendFileSync(path, 'more')
  }
  const run = await backUp(made.repository, source, { onProgress })
  assert.deepEqual(
    run.warnings.map(({ code, path: at }) => `${code} ${at}`),
    ['changed-while-read growing'],
  )
  assert.equal(run.outcome.captured.bytes, 48 * 1024 * 1024, 'what it had when it was opened')
  const next = await backUp(made.repository, source)
  assert.equal(next.outcome.filesChanged, 1, 'the next backup must read it again')
})

test('an entry that cannot be read is missed, named, and there is no snapshot', async () => {
  await using made = await makeThrowawayRepository()
  // The kernel refuses to open these write-only files, whoever asks.
  const run = await backUp(made.repository, '/sys/bus/cpu')
  const missed = run.missed.map(({ path, reason }) => `${path} ${reason.split(':')[0]}`)
  assert.ok(missed.includes('drivers_probe EACCES'), missed.join())
  assert.equal(run.outcome.expected.entries - run.outcome.captured.entries, run.missed.length)
  assert.equal(run.snapshotId, undefined)
  for await (const _ of made.repository.listSnapshots(undefined)) assert.fail('a snapshot')
})

test('an entry that opens and then fails to be read is missed as well', async () => {
  await using made = await makeThrowawayRepository()
  // The loopback device has no speed: reading that attribute is an error.
  const run = await backUp(made.repository, '/sys/devices/virtual/net/lo')
  const missed = run.missed.map(({ path, reason }) => `${path} ${reason.split(':')[0]}`)
  assert.ok(missed.includes('speed EINVAL'), missed.join())
  assert.equal(run.outcome.expected.entries - run.outcome.captured.entries, run.missed.length)
  assert.equal(run.snapshotId, undefined)
})

test('holes are named, not entered, and stay as empty directories', async () => {
  await using made = await makeThrowawayRepository()
  const source = makeVolume('holes')
  for (const name of ['mounted', 'nested', 'origin']) mkdirSync(join(source, name))
  writeFileSync(join(source, 'origin/file'), 'x')
  writeFileSync(join(source, 'nested/file'), 'x')
  const isGivenHole = (path: Buffer) =>
    path.toString() === 'nested' ? ('subvolume' as const) : undefined
  if (canMount) execFileSync('mount', ['--bind', join(source, 'origin'), join(source, 'mounted')])
  try {
    const run = await backUp(made.repository, source, { source: { isGivenHole } })
    assert.deepEqual(
      run.holes.map(({ path, reason }) => `${path} ${reason}`),
      [...(canMount ? ['mounted mount'] : []), 'nested subvolume'],
    )
    const target = join(base, 'holes-out')
    await restoreInto(made.repository, snapshotOf(run), target)
    const paths = describeTree(Buffer.from(target)).map((line) => JSON.parse(line.split(' ')[0]!))
    assert.deepEqual(paths, ['', 'mounted', 'nested', 'origin', 'origin/file'])
  } finally {
    if (canMount) execFileSync('umount', [join(source, 'mounted')])
  }
})

test('a copy with a manifest is, for the backup, its original', async () => {
  await using made = await makeThrowawayRepository()
  const source = makeVolume('original')
  makeAwkwardTree(Buffer.from(source), awkwardTreeOptions({ path: base, isStockSafe: false }))
  const first = await backUp(made.repository, source)
  const copy = join(base, 'copies', 'copy')
  const manifestPath = join(base, 'copies', 'manifest')
  mkdirSync(join(base, 'copies'))
  const walk = {
    root: Buffer.from(source),
    looseEntriesOnly: false,
    isGivenHole: () => undefined,
  }
  await writeEntryManifest(walk, manifestPath, undefined)
  execFileSync('cp', ['-a', source, copy])
  const manifest = { manifestPath: Buffer.from(manifestPath) }
  const second = await backUp(made.repository, copy, { source: manifest })
  assert.equal(second.outcome.filesUnmodified, first.outcome.filesNew)
  assert.deepEqual([second.outcome.filesNew, second.outcome.filesChanged], [0, 0])
  assert.equal(
    await subtreeOf(made.repository, snapshotOf(second)),
    await subtreeOf(made.repository, snapshotOf(first)),
  )
  const without = await backUp(made.repository, copy)
  assert.ok(without.outcome.filesChanged > 0, 'the manifest is what makes the difference')
})

test('the loose entries of a namespace are a volume of their own', async () => {
  await using made = await makeThrowawayRepository()
  const namespace = join(makeVolume('loose'), '..')
  writeFileSync(join(namespace, 'compose.yaml'), 'services: {}')
  writeFileSync(join(namespace, 'data/not-this'), '')
  chmodSync(namespace, 0o751)
  const run = await backUp(made.repository, namespace, {
    source: { looseEntriesOnly: true },
    label: { logicalPath: '/shop' },
  })
  assert.deepEqual(run.outcome.captured, { entries: 2, bytes: 12 })
  const target = join(base, 'loose-out')
  await restoreInto(made.repository, snapshotOf(run), target, { logicalPath: '/shop' })
  assert.deepEqual(
    describeTree(Buffer.from(target)).map((line) => line.split(' ').slice(0, 3).join(' ')),
    ['"" directory 751', '"compose.yaml" file 644'],
  )
})

test('the directories of the logical path have the metadata of the real ones', async () => {
  await using made = await makeThrowawayRepository()
  const source = makeVolume('logical')
  chmodSync(join(source, '..'), 0o750)
  chmodSync(source, 0o2770)
  const run = await backUp(made.repository, source)
  const { tree } = await made.repository.loadSnapshot(snapshotOf(run), undefined)
  const modes = await Promise.all(
    ['/shop', '/shop/data'].map(async (path) => {
      const components = pathComponents(path)
      return (await findNode(made.repository, { tree, components }, undefined))?.mode
    }),
  )
  const directory = 2 ** 31
  assert.deepEqual(modes, [directory + 0o750, directory + 2 ** 22 + 0o770])
})

test('a source that is removed while it is read fails the backup', async () => {
  await using made = await makeThrowawayRepository()
  const source = makeVolume('removed')
  for (let n = 0; n < 50; n += 1) writeFileSync(join(source, `file-${n}`), `${n}`)
  const onScanned = () => rmSync(join(source, 'file-0'))
  let isRemoved = false
  const onProgress = () => {
    if (!isRemoved) rmSync(source, { recursive: true })
    isRemoved = true
  }
  const failed = backUp(made.repository, source, { onScanned, onProgress })
  await assert.rejects(failed, (error) => {
    assert.equal(failureOf(error, 'source-unreadable')?.errno, 'ENOENT')
    return true
  })
  await assert.rejects(backUp(made.repository, join(base, 'never-there')), (error) => {
    assert.equal(failureOf(error, 'source-unreadable')?.errno, 'ENOENT')
    return true
  })
})

test('an aborted backup ends, writes no snapshot and leaves no handle open', async () => {
  await using made = await makeThrowawayRepository()
  const source = makeVolume('aborted')
  for (let n = 0; n < 300; n += 1) writeFileSync(join(source, `file-${n}`), noise(n, 5000))
  const controller = new AbortController()
  const openBefore = readdirSync('/proc/self/fd').length
  const onProgress = () => controller.abort(new Error('enough'))
  await assert.rejects(
    backUp(made.repository, source, { onProgress, signal: controller.signal }),
    /enough/,
  )
  assert.equal(readdirSync('/proc/self/fd').length, openBefore)
  for await (const _ of made.repository.listSnapshots(undefined)) assert.fail('a snapshot')
})

test('a repository that fails in the middle fails the backup with its own failure', async () => {
  await using made = await makeThrowawayRepository()
  const failure = { code: 'backend-failed', url: 'test', reason: 'EIO' } as const
  const faults = [{ operation: 'save', kind: 'data', effect: 'before', failure }] as const
  const faulty = withFaults(made.backend, faults)
  const repository = await made.reopen({ backend: faulty })
  const source = makeVolume('failing')
  for (let n = 0; n < 5; n += 1) writeFileSync(join(source, `file-${n}`), noise(n, 8_000_000))
  await assert.rejects(
    backUp(repository, source),
    (error) => failureOf(error, 'backend-failed')?.reason === 'EIO',
  )
  faulty.assertAllFired()
})

test('packs that are still being stored when the walk ends are waited for', async () => {
  await using made = await makeThrowawayRepository()
  let slowSaves = 0
  const slow: Backend = {
    ...made.backend,
    async save(handle, content, signal) {
      if (handle.kind === 'data') {
        slowSaves += 1
        // Ends early, with an error, when the signal does.
        await delay(300, undefined, { signal })
      }
      await made.backend.save(handle, content, signal)
    },
  }
  const repository = await made.reopen({ backend: slow })
  const source = makeVolume('slow')
  // More than one pack: the first one is on its way when the last chunk is in the second.
  for (let n = 0; n < 3; n += 1) writeFileSync(join(source, `file-${n}`), noise(n, 8_000_000))
  const run = await backUp(repository, source)
  assert.notEqual(run.snapshotId, undefined)
  assert.ok(slowSaves >= 2, `${slowSaves} packs were stored`)
})
