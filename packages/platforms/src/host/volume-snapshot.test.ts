// Snapshots on real file systems: what they keep, what they cost and what they give back.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { decodePathBytes, type Location } from '@holdfast/domain'
import {
  createSubvolume,
  deleteSubvolume,
  getExtendedAttribute,
  isSubvolume,
  openEntryManifest,
  setExtendedAttribute,
  subvolumeUUID,
} from '@holdfast/filesystem'
import type { VolumeSnapshot } from '../platform.ts'
import { platformFailureOf } from '../platform-error.ts'
import { getFile, type HostApp, makeHostApp, stagedPath } from '../testing/host-app.ts'
import { bindMount, mountFilesystem } from '../testing/loop-filesystem.ts'

const never = new AbortController().signal
const xfs = mountFilesystem('xfs', { sizeMebibytes: 320 })
const btrfs = mountFilesystem('btrfs', { sizeMebibytes: 320 })
for (const mounted of [xfs, btrfs]) {
  if (typeof mounted !== 'string') after(() => mounted[Symbol.dispose]())
}
const onXfs = typeof xfs === 'string' ? { skip: `NOT TESTED: ${xfs}` } : {}
const onBtrfs = typeof btrfs === 'string' ? { skip: `NOT TESTED: ${btrfs}` } : {}

test('a reflink copy reports the originals’ identities, again and again', onXfs, async () => {
  await using app = makeHostApp({ parent: pathOf(xfs) })
  await app.writeFile('data', 'a/file', 'content')
  const { ino, ctimeNs, dev } = lstatSync(join(app.volumePath('data'), 'a/file'), { bigint: true })
  for (const id of ['s1', 's2']) {
    const location = await locationOf(app, await take(app, id, 'reflink'))
    const manifest = openEntryManifest(textOf(location.manifestPath))
    try {
      assert.notEqual(manifest.originOf(Buffer.from('a')), undefined)
      const origin = manifest.originOf(Buffer.from('a/file'))
      assert.deepEqual(origin, { inode: ino, ctimeNs, device: dev })
    } finally {
      manifest.close()
    }
    const copy = lstatSync(join(textOf(location.path), 'a/file'), { bigint: true })
    assert.notEqual(copy.ino, ino)
  }
})

test('a reflink copy keeps every kind of entry with its metadata', onXfs, async () => {
  await using app = makeHostApp({ parent: pathOf(xfs) })
  const volume = app.volumePath('data')
  const odd = Buffer.concat([Buffer.from(`${volume}/`), Buffer.from([0x2d, 0x72, 0xff, 0x0a])])
  writeFileSync(odd, 'odd')
  writeFileSync(join(volume, 'one'), 'linked')
  linkSync(join(volume, 'one'), join(volume, 'two'))
  symlinkSync('nowhere', join(volume, 'link'))
  execFileSync('mkfifo', [join(volume, 'fifo')])
  chownSync(join(volume, 'one'), 1234, 1235)
  chmodSync(join(volume, 'one'), 0o4751)
  const attribute = { name: Buffer.from('user.test'), value: Buffer.from([0, 1, 255]) }
  setExtendedAttribute(Buffer.from(volume), attribute)
  chmodSync(volume, 0o2770)
  const location = await locationOf(app, await take(app, 's1', 'reflink'))
  const tree = textOf(location.path)
  const oddCopy = Buffer.concat([Buffer.from(`${tree}/`), Buffer.from([0x2d, 0x72, 0xff, 0x0a])])
  assert.equal(readFileSync(oddCopy, 'utf8'), 'odd')
  const [one, two] = [lstatSync(join(tree, 'one')), lstatSync(join(tree, 'two'))]
  assert.equal(one.ino, two.ino)
  assert.deepEqual([one.uid, one.gid, one.mode & 0o7777], [1234, 1235, 0o4751])
  assert.equal(one.mtimeMs, lstatSync(join(volume, 'one')).mtimeMs)
  assert.equal(readlinkSync(join(tree, 'link')), 'nowhere')
  assert.ok(lstatSync(join(tree, 'fifo')).isFIFO())
  assert.equal(statSync(tree).mode & 0o7777, 0o2770)
  const copied = getExtendedAttribute(Buffer.from(tree), attribute.name)
  assert.deepEqual(copied, attribute.value)
})

test('a snapshot of loose entries holds no directories', onXfs, async () => {
  await using app = makeHostApp({ parent: pathOf(xfs) })
  writeFileSync(join(app.hostRoot, 'shop/loose'), 'loose')
  const snapshot = await take(app, 's1', 'reflink', '.')
  const location = await locationOf(app, snapshot)
  assert.equal(location.looseEntriesOnly, true)
  assert.deepEqual(readdirSync(textOf(location.path)), ['loose'])
})

test('what a crash left of a snapshot is removed and made anew', onXfs, async () => {
  await using app = makeHostApp({ parent: pathOf(xfs) })
  for (let index = 0; index < 300; index += 1) await app.writeFile('data', `${index}`, `${index}`)
  const partial = join(app.hostRoot, '.holdfast/snapshot-s1.partial')
  mkdirSync(join(partial, 'tree'), { recursive: true })
  chmodSync(join(app.hostRoot, '.holdfast'), 0o700)
  writeFileSync(join(partial, 'tree/stale'), 'from before the crash')
  const abort = new AbortController()
  const request = { id: 's1', namespace: 'shop', key: 'data', strategy: 'reflink' } as const
  const interrupted = app.platform.snapshotVolume(request, abort.signal)
  abort.abort()
  await assert.rejects(interrupted)
  assert.deepEqual(
    (await app.platform.listOwned()).map(({ id }) => id),
    ['s1'],
  )
  const location = await locationOf(app, await take(app, 's1', 'reflink'))
  assert.equal(readdirSync(textOf(location.path)).length, 300)
  assert.equal(existsSync(partial), false)
})

test('a copy does not outlive the service that began it', onXfs, async () => {
  await using app = makeHostApp({ parent: pathOf(xfs) })
  for (let index = 0; index < 2000; index += 1) {
    await app.writeFile('data', `${index % 50}/${index}`, `${index}`)
  }
  const tree = join(app.hostRoot, '.holdfast/snapshot-s1.partial/tree')
  const { hostRoot, stateDir } = app
  const program = fileURLToPath(new URL('../testing/snapshot-to-kill.ts', import.meta.url))
  const service = spawn(process.execPath, [program, JSON.stringify({ hostRoot, stateDir })], {
    stdio: 'inherit',
  })
  const ended = once(service, 'exit')
  while (!existsSync(join(tree, '0')) && service.exitCode === null) await delay(1)
  service.kill('SIGKILL')
  assert.deepEqual(await ended, [null, 'SIGKILL'])
  const location = await locationOf(app, await take(app, 's1', 'reflink'))
  const copied = readdirSync(textOf(location.path), { recursive: true })
  assert.equal(copied.length, 2050)
  assert.equal(existsSync(tree), false)
})

test('a partial snapshot is listed, and its handle deletes it', onXfs, async () => {
  await using app = makeHostApp({ parent: pathOf(xfs) })
  mkdirSync(join(app.hostRoot, '.holdfast/snapshot-s1.partial/tree/x'), { recursive: true })
  chmodSync(join(app.hostRoot, '.holdfast'), 0o700)
  const [owned] = await app.platform.listOwned()
  assert.ok(owned?.kind === 'volume-snapshot')
  await app.platform.deleteVolumeSnapshot(owned.handle, never)
  assert.deepEqual(readdirSync(join(app.hostRoot, '.holdfast')), [])
})

test('deleting a reflink copy gives its space back', onXfs, async () => {
  await using app = makeHostApp({ parent: pathOf(xfs) })
  const path = pathOf(xfs)
  await freesItsSpace(app, path, 'reflink')
})

test('deleting a subvolume snapshot gives its space back', onBtrfs, async () => {
  await using app = makeHostApp({ parent: pathOf(btrfs), makeVolume: makeSubvolumeAt })
  await freesItsSpace(app, pathOf(btrfs), 'btrfs')
})

test('a bind mount of the same file system is a hole, not copied', onXfs, async () => {
  await using app = makeHostApp({ parent: pathOf(xfs) })
  await app.writeFile('config', 'secret', 'of another volume')
  await app.writeFile('data', 'deep/file', 'own')
  for (const path of ['top', 'deep/hole']) mkdirSync(join(app.volumePath('data'), path))
  using _top = bindMount(app.volumePath('config'), join(app.volumePath('data'), 'top'), RW)
  using _deep = bindMount(app.volumePath('config'), join(app.volumePath('data'), 'deep/hole'), RW)
  const snapshot = await take(app, 's1', 'reflink')
  assert.deepEqual(snapshot.holes, [
    { path: 'deep/hole', reason: 'mount' },
    { path: 'top', reason: 'mount' },
  ])
  const tree = textOf((await locationOf(app, snapshot)).path)
  assert.deepEqual(readdirSync(join(tree, 'top')), [])
  assert.deepEqual(readdirSync(join(tree, 'deep')).sort(), ['file', 'hole'])
  assert.deepEqual(readdirSync(join(tree, 'deep/hole')), [])
})

test('a mount point keeps its snapshots inside, and they are not copied again', onXfs, async () => {
  await using app = makeHostApp({ parent: pathOf(xfs) })
  const source = join(app.hostRoot, '../source')
  mkdirSync(source)
  using _bind = bindMount(source, app.volumePath('data'), RW)
  await app.writeFile('data', 'file', 'content')
  const first = await take(app, 's1', 'reflink')
  const second = await take(app, 's2', 'reflink')
  for (const snapshot of [first, second]) {
    const tree = textOf((await locationOf(app, snapshot)).path)
    assert.ok(tree.startsWith(join(app.volumePath('data'), '.holdfast/')))
    assert.deepEqual(readdirSync(tree), ['file'])
  }
  const owned = await app.platform.listOwned()
  assert.deepEqual(owned.map(({ id }) => id).sort(), ['s1', 's2'])
  for (const snapshot of [first, second]) {
    await app.platform.deleteVolumeSnapshot(snapshot.handle, never)
  }
  assert.deepEqual(await app.platform.listOwned(), [])
})

test('a mounted subvolume keeps its snapshots inside, without the work area', onBtrfs, async () => {
  await using app = makeHostApp({ parent: pathOf(btrfs) })
  const source = join(app.hostRoot, '../source')
  makeSubvolumeAt(source)
  {
    using _bind = bindMount(source, app.volumePath('data'), RW)
    await app.writeFile('data', 'file', 'content')
    const live = await app.platform.locateVolume({ namespace: 'shop', key: 'data' })
    assert.deepEqual(live, {
      kind: 'directory',
      path: app.volumePath('data'),
      holdsWorkArea: true,
      holes: [],
    })
    const [first, second] = [await take(app, 's1', 'btrfs'), await take(app, 's2', 'btrfs')]
    assert.deepEqual([first.consistency, second.holes], ['atomic', []])
    const location = await locationOf(app, second)
    assert.equal(location.holdsWorkArea, true)
    assert.throws(() => writeFileSync(join(textOf(location.path), 'new'), ''), { code: 'EROFS' })
    await app.writeFile('data', 'file', 'changed')
    const volume = { namespace: 'shop', key: 'data', expectedBytes: 1, expectedEntries: 1 }
    const request = { id: 'r1', volumes: [volume], namespaces: [], allowInUse: false }
    await app.platform.prepareRestore(request, never)
    const { handle } = second
    const staged = await app.platform.stageSnapshot({ id: 'r1', ...volume, handle }, never)
    assert.deepEqual(staged, { entries: 2, bytes: 'content'.length })
    await app.platform.commitRestore('r1', never)
    await app.platform.finishRestore('r1', never)
    assert.equal(await app.readFile('data', 'file'), 'content')
    for (const snapshot of [first, second]) {
      await app.platform.deleteVolumeSnapshot(snapshot.handle, never)
    }
    assert.deepEqual(readdirSync(join(app.volumePath('data'), '.holdfast')), [])
  }
  deleteSubvolumeAt(source)
})

test('a directory that an app calls like our work area is its own', onXfs, async () => {
  await using app = makeHostApp({ parent: pathOf(xfs) })
  await app.writeFile('data', '.holdfast/precious', 'of the app')
  await app.writeFile('data', '.holdfastrc', 'of the app')
  const location = await locationOf(app, await take(app, 's1', 'reflink'))
  assert.equal(location.holdsWorkArea, undefined)
  assert.deepEqual(readdirSync(textOf(location.path)).sort(), ['.holdfast', '.holdfastrc'])
})

test('nested subvolumes are holes of subvolumes and of directories', onBtrfs, async () => {
  await using app = makeHostApp({ parent: pathOf(btrfs), makeVolume: makeSubvolumeAt })
  mkdirSync(join(app.hostRoot, 'shop/plain'))
  for (const volume of ['data', 'plain']) {
    await app.writeFile(volume, 'deep/file', 'content')
    makeSubvolumeAt(join(app.volumePath(volume), 'deep/nested'))
    await app.writeFile(volume, 'deep/nested/inside', 'of the hole')
  }
  const holes = [{ path: 'deep/nested', reason: 'subvolume' }]
  for (const [volume, strategy] of [
    ['data', 'btrfs'],
    ['plain', 'reflink'],
  ] as const) {
    const snapshot = await take(app, `s-${volume}`, strategy, volume)
    assert.deepEqual(snapshot.holes, holes)
    const tree = textOf((await locationOf(app, snapshot)).path)
    assert.deepEqual(readdirSync(join(tree, 'deep')).sort(), ['file', 'nested'])
    assert.deepEqual(readdirSync(join(tree, 'deep/nested')), [])
    await app.platform.deleteVolumeSnapshot(snapshot.handle, never)
    deleteSubvolumeAt(join(app.volumePath(volume), 'deep/nested'))
  }
})

test(
  'a subvolume is restored as a subvolume, and a lost one made anew as one',
  onBtrfs,
  async () => {
    await using app = makeHostApp({
      parent: pathOf(btrfs),
      makeVolume: makeSubvolumeAt,
      loseVolume: deleteSubvolumeAt,
    })
    await app.writeFile('data', 'file', 'old')
    await app.loseVolume('config')
    const before = uuidOf(app.volumePath('data'))
    const sizes = { expectedBytes: 1, expectedEntries: 1, strategy: 'btrfs' } as const
    const volumes = ['data', 'config'].map((key) => ({ namespace: 'shop', key, ...sizes }))
    const request = { id: 'r1', volumes, namespaces: ['shop'], allowInUse: false }
    const staging = await app.platform.prepareRestore(request, never)
    for (const staged of staging.volumes) {
      writeFileSync(join(stagedPath(staged), 'file'), `new ${staged.key}`)
    }
    await app.platform.commitRestore('r1', never)
    const restored = uuidOf(app.volumePath('data'))
    assert.notEqual(restored, before)
    assert.equal(getFile(join(app.volumePath('config'), 'file')), 'new config')
    assert.notEqual(uuidOf(app.volumePath('config')), undefined)
    await app.platform.rollbackRestore('r1', never)
    assert.equal(uuidOf(app.volumePath('data')), before)
    assert.equal(existsSync(app.volumePath('config')), false)
  },
)

test('a namespace on a file system of its own has its own work area', onXfs, async () => {
  await using app = makeHostApp()
  mkdirSync(join(app.hostRoot, 'other'))
  using _bind = bindMount(pathOf(xfs), join(app.hostRoot, 'other'), RW)
  mkdirSync(join(app.hostRoot, 'other/data'))
  writeFileSync(join(app.hostRoot, 'other/data/file'), 'content')
  const request = { id: 's1', namespace: 'other', key: 'data', strategy: 'reflink' } as const
  const snapshot = await app.platform.snapshotVolume(request, never)
  const area = join(app.hostRoot, 'other/.holdfast')
  assert.deepEqual(readdirSync(area), ['snapshot-s1'])
  const sizes = { namespace: 'other', key: 'data', expectedBytes: 1, expectedEntries: 1 }
  const restore = { id: 'r1', volumes: [sizes], namespaces: ['other'], allowInUse: false }
  await app.platform.prepareRestore(restore, never)
  rmSync(join(app.hostRoot, 'other/data/file'))
  const { handle } = snapshot
  await app.platform.stageSnapshot({ id: 'r1', namespace: 'other', key: 'data', handle }, never)
  await app.platform.commitRestore('r1', never)
  assert.equal(getFile(join(app.hostRoot, 'other/data/file')), 'content')
  await app.platform.finishRestore('r1', never)
  await app.platform.deleteVolumeSnapshot(handle, never)
  assert.deepEqual(readdirSync(area), [])
})

test('files without copy-on-write are cloned, and restored as such', onBtrfs, async () => {
  await using app = makeHostApp({ parent: pathOf(btrfs) })
  execFileSync('chattr', ['+C', app.volumePath('data')])
  await app.writeFile('data', 'deep/database', 'x'.repeat(8192))
  const snapshot = await take(app, 's1', 'reflink')
  const volume = { namespace: 'shop', key: 'data', expectedBytes: 1, expectedEntries: 1 }
  const request = { id: 'r1', volumes: [volume], namespaces: [], allowInUse: false }
  const staging = await app.platform.prepareRestore(request, never)
  await app.fillStaged(at(staging.volumes, 0), 'by-mover', 'x')
  assert.match(flagsOf(join(stagedPath(at(staging.volumes, 0)), 'by-mover')), /C/)
  const { handle } = snapshot
  await app.platform.stageSnapshot({ id: 'r1', ...volume, handle }, never)
  await app.platform.commitRestore('r1', never)
  assert.match(flagsOf(join(app.volumePath('data'), 'deep/database')), /C/)
  await app.platform.finishRestore('r1', never)
})

test(
  'a nested subvolume stays in the app when what is around it is exchanged',
  onBtrfs,
  async () => {
    await using app = makeHostApp({ parent: pathOf(btrfs), makeVolume: makeSubvolumeAt })
    mkdirSync(join(app.hostRoot, 'shop/plain'))
    const keys = ['data', 'plain']
    for (const key of keys) {
      await app.writeFile(key, 'deep/file', 'old')
      await app.writeFile(key, 'lost/file', 'old')
      for (const path of ['deep/nested', 'lost/nested']) {
        makeSubvolumeAt(join(app.volumePath(key), path))
        await app.writeFile(key, `${path}/live`, 'live data')
      }
    }
    const sizes = { namespace: 'shop', expectedBytes: 1, expectedEntries: 1 }
    const volumes = keys.map((key) => ({ ...sizes, key }))
    const request = { id: 'r1', volumes, namespaces: [], allowInUse: false }
    for (const end of ['rollback', 'finish'] as const) {
      const staging = await app.platform.prepareRestore(request, never)
      for (const staged of staging.volumes) {
        // As backups have it: an empty directory for the hole; the other one's parent is not there.
        mkdirSync(join(stagedPath(staged), 'deep/nested'), { recursive: true })
        await app.fillStaged(staged, 'deep/file', 'new')
      }
      await app.platform.commitRestore('r1', never)
      for (const key of keys) {
        assert.equal(await app.readFile(key, 'deep/file'), 'new')
        assert.equal(await app.readFile(key, 'lost/file'), undefined)
        assert.equal(await app.readFile(key, 'deep/nested/live'), 'live data')
        assert.equal(await app.readFile(key, 'lost/nested/live'), 'live data')
      }
      await app.platform[`${end}Restore`]('r1', never)
      for (const key of keys) {
        assert.equal(await app.readFile(key, 'deep/file'), end === 'finish' ? 'new' : 'old')
        assert.equal(await app.readFile(key, 'deep/nested/live'), 'live data')
        assert.equal(await app.readFile(key, 'lost/nested/live'), 'live data')
      }
    }
    assert.deepEqual(await app.platform.listOwned(), [])
  },
)

test('a strategy that the volume does not allow fails and leaves the volume alone', async () => {
  await using app = makeHostApp()
  await app.writeFile('data', 'file', 'content')
  await assert.rejects(take(app, 's1', 'btrfs'), (error) => {
    assert.equal(platformFailureOf(error)?.code, 'snapshot-failed')
    return true
  })
  assert.equal(await app.readFile('data', 'file'), 'content')
})

function flagsOf(path: string): string {
  return String(execFileSync('lsattr', ['-d', path], { encoding: 'utf8' }).split(' ')[0])
}

function at<Item>(items: readonly Item[], index: number): Item {
  const item = items[index]
  assert.ok(item !== undefined)
  return item
}

const RW = { isReadOnly: false }
const FILE_BYTES = 48 * 1024 * 1024

async function freesItsSpace(
  app: HostApp,
  path: string,
  strategy: 'btrfs' | 'reflink',
): Promise<void> {
  writeFileSync(join(app.volumePath('data'), 'large'), randomBytes(FILE_BYTES))
  const snapshot = await take(app, 's1', strategy)
  rmSync(join(app.volumePath('data'), 'large'))
  execFileSync('sync', ['--file-system', path])
  const before = freeBytes(path)
  await app.platform.deleteVolumeSnapshot(snapshot.handle, never)
  // Both file systems free blocks in the background, some seconds later at most.
  for (let tries = 0; freeBytes(path) < before + FILE_BYTES * 0.9; tries += 1) {
    assert.ok(tries < 300, `${before} bytes were free before and ${freeBytes(path)} are now`)
    execFileSync('sync', ['--file-system', path])
    await delay(100)
  }
}

function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize
}

async function take(
  app: HostApp,
  id: string,
  strategy: 'btrfs' | 'reflink',
  key = 'data',
): Promise<VolumeSnapshot> {
  return await app.platform.snapshotVolume({ id, namespace: 'shop', key, strategy }, never)
}

async function locationOf(
  app: HostApp,
  snapshot: VolumeSnapshot,
): Promise<Extract<Location, { kind: 'directory' }>> {
  const location = await app.platform.locateSnapshot(snapshot.handle)
  assert.ok(location.kind === 'directory')
  return location
}

function pathOf(mounted: ReturnType<typeof mountFilesystem>): string {
  assert.ok(typeof mounted !== 'string')
  return mounted.path
}

function textOf(encodedPath: string | undefined): string {
  return Buffer.from(decodePathBytes(encodedPath ?? '') ?? []).toString('utf8')
}

function makeSubvolumeAt(path: string): void {
  const name = Buffer.from(basename(path))
  withDirectory(dirname(path), (directory) => createSubvolume({ directory, name }))
}

function deleteSubvolumeAt(path: string): void {
  const name = Buffer.from(basename(path))
  withDirectory(dirname(path), (directory) => deleteSubvolume({ directory, name }))
}

function uuidOf(path: string): string | undefined {
  return withDirectory(path, (handle) => (isSubvolume(handle) ? subvolumeUUID(handle) : undefined))
}

function withDirectory<Value>(path: string, action: (directory: number) => Value): Value {
  const directory = openSync(path, constants.O_DIRECTORY)
  try {
    return action(directory)
  } finally {
    closeSync(directory)
  }
}
