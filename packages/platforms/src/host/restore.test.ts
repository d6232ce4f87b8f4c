import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { PlatformFailure, PrepareRestoreRequest } from '../platform.ts'
import { platformFailureOf } from '../platform-error.ts'
import {
  getFile,
  type HostApp,
  makeHostApp,
  openHostPlatform,
  stagedPath,
} from '../testing/host-app.ts'
import { bindMount, mountFilesystem } from '../testing/loop-filesystem.ts'

// Where that is possible: a restore flushes its file system, and a disk is shared with others.
const memory = mountFilesystem('tmpfs', { sizeMebibytes: 64 })
if (typeof memory !== 'string') after(() => memory[Symbol.dispose]())
const inMemory = typeof memory === 'string' ? {} : { parent: memory.path }

const never = new AbortController().signal
const isRoot = process.geteuid?.() === 0
const needsRoot = isRoot ? {} : { skip: 'NOT TESTED: needs root to mount and to change owners' }

function request(
  keys: readonly string[],
  options: Partial<PrepareRestoreRequest> = {},
): PrepareRestoreRequest {
  const sizes = { expectedBytes: 10, expectedEntries: 2 }
  const volumes = keys.map((key) => ({ namespace: 'shop', key, ...sizes }))
  return { id: 'r1', volumes, namespaces: ['shop'], allowInUse: false, ...options }
}

async function failureOf(promise: Promise<unknown>): Promise<PlatformFailure> {
  try {
    await promise
  } catch (error) {
    const failure = platformFailureOf(error)
    if (failure !== undefined) return failure
    throw error
  }
  throw new assert.AssertionError({ message: 'it did not fail' })
}

async function prepareAndFill(app: HostApp, keys: readonly string[]): Promise<void> {
  const staging = await app.platform.prepareRestore(request(keys), never)
  for (const staged of staging.volumes) await app.fillStaged(staged, 'file', `new ${staged.key}`)
}

test(
  'a volume that is a mount point is exchanged entry by entry, in place',
  needsRoot,
  async (t) => {
    const mounted = mountFilesystem('tmpfs', { sizeMebibytes: 64 })
    if (typeof mounted === 'string') return t.skip(`NOT TESTED: ${mounted}`)
    using _mounted = mounted
    await using app = makeHostApp(inMemory)
    mkdirSync(join(mounted.path, 'kept'))
    {
      using _bind = bindMount(mounted.path, app.volumePath('data'), { isReadOnly: false })
      const { inode, device } = identity(app.volumePath('data'))
      await app.writeFile('data', 'file', 'old data')
      await app.writeFile('data', 'later/x', 'goes')
      chmodSync(app.volumePath('data'), 0o755)
      const staging = await app.platform.prepareRestore(request(['data']), never)
      const target = stagedPath(at(staging.volumes, 0))
      assert.ok(target.startsWith(join(app.volumePath('data'), '.holdfast/')))
      writeFileSync(join(target, 'file'), 'new data')
      mkdirSync(join(target, 'kept'))
      chownSync(target, 1234, 1235)
      chmodSync(target, 0o2750)
      await app.platform.commitRestore('r1', never)
      assert.deepEqual(identity(app.volumePath('data')), { inode, device })
      assert.deepEqual(readdirSync(app.volumePath('data')).sort(), ['.holdfast', 'file', 'kept'])
      assert.equal(await app.readFile('data', 'file'), 'new data')
      const status = statSync(app.volumePath('data'))
      assert.deepEqual([status.uid, status.gid, status.mode & 0o7777], [1234, 1235, 0o2750])
      await app.platform.rollbackRestore('r1', never)
      assert.equal(await app.readFile('data', 'file'), 'old data')
      assert.equal(await app.readFile('data', 'later/x'), 'goes')
      assert.equal(statSync(app.volumePath('data')).mode & 0o7777, 0o755)
      assert.deepEqual(readdirSync(join(app.volumePath('data'), '.holdfast')), [])
      // The app's own directory on the host's file system held nothing of ours.
    }
    assert.deepEqual(readdirSync(app.volumePath('data')), [])
  },
)

test(
  'a mount at the top of a volume stays where it is; one below refuses',
  needsRoot,
  async (t) => {
    const mounted = mountFilesystem('tmpfs', { sizeMebibytes: 64 })
    if (typeof mounted === 'string') return t.skip(`NOT TESTED: ${mounted}`)
    using _mounted = mounted
    await using app = makeHostApp(inMemory)
    writeFileSync(join(mounted.path, 'inside'), 'of the hole')
    for (const path of ['cache', 'deep/cache']) {
      mkdirSync(join(app.volumePath('data'), path), { recursive: true })
    }
    await app.writeFile('data', 'file', 'old data')
    {
      using _bind = bindMount(mounted.path, join(app.volumePath('data'), 'cache'), {
        isReadOnly: false,
      })
      const inventory = await app.platform.discover({ namespaces: ['shop'] }, never)
      const data = inventory.volumes.find(({ key }) => key === 'data')
      assert.deepEqual(data?.holes, [{ path: 'cache', reason: 'mount' }])
      await prepareAndFill(app, ['data'])
      await app.platform.commitRestore('r1', never)
      await app.platform.finishRestore('r1', never)
      assert.equal(await app.readFile('data', 'file'), 'new data')
      assert.equal(await app.readFile('data', 'cache/inside'), 'of the hole')
    }
    mkdirSync(join(app.volumePath('data'), 'deep/cache'), { recursive: true })
    using _deep = bindMount(mounted.path, join(app.volumePath('data'), 'deep/cache'), {
      isReadOnly: false,
    })
    const failure = await failureOf(app.platform.prepareRestore(request(['data']), never))
    assert.equal(failure.code, 'target-not-writable')
    assert.match(JSON.stringify(failure), /mounted at deep\/cache/)
  },
)

test('loose entries are replaced and later ones removed; directories stay', async () => {
  await using app = makeHostApp(inMemory)
  const root = join(app.hostRoot, 'shop')
  writeFileSync(join(root, 'file'), 'old')
  writeFileSync(join(root, 'later'), 'later')
  await app.writeFile('data', 'file', 'old data')
  await prepareAndFill(app, ['.'])
  await app.platform.commitRestore('r1', never)
  assert.equal(getFile(join(root, 'file')), 'new .')
  assert.deepEqual(readdirSync(root).sort(), ['config', 'data', 'file'])
  assert.equal(await app.readFile('data', 'file'), 'old data')
  await app.platform.rollbackRestore('r1', never)
  assert.equal(getFile(join(root, 'file')), 'old')
  assert.equal(getFile(join(root, 'later')), 'later')
})

test('a directory that took the place of a loose entry is never exchanged', async () => {
  await using app = makeHostApp(inMemory)
  await app.writeFile('file', 'precious', 'a volume by now')
  await prepareAndFill(app, ['data', '.'])
  const failure = await failureOf(app.platform.commitRestore('r1', never))
  assert.equal(failure.code, 'exchange-failed')
  await app.platform.rollbackRestore('r1', never)
  assert.equal(await app.readFile('file', 'precious'), 'a volume by now')
  assert.equal(await app.readFile('data', 'file'), undefined)
})

test('a lost namespace is made anew, and goes again when that is rolled back', async () => {
  await using app = makeHostApp(inMemory)
  const root = join(app.hostRoot, 'shop')
  for (const end of ['rollback', 'finish'] as const) {
    rmSync(root, { recursive: true, force: true })
    const staging = await app.platform.prepareRestore(request(['data', '.']), never)
    const [data, loose] = staging.volumes.map(stagedPath)
    writeFileSync(join(String(data), 'file'), 'new data')
    writeFileSync(join(String(loose), 'loose'), 'new loose')
    chmodSync(String(loose), 0o710)
    await app.platform.commitRestore('r1', never)
    assert.equal(await app.readFile('data', 'file'), 'new data')
    assert.deepEqual(readdirSync(root).sort(), ['data', 'loose'])
    assert.equal(statSync(root).mode & 0o777, 0o710)
    await app.platform[`${end}Restore`]('r1', never)
    assert.equal(existsSync(root), end === 'finish')
    assert.deepEqual(await app.platform.listOwned(), [])
  }
})

test('the second of two volumes fails: both are as before', needsRoot, async () => {
  await using app = makeHostApp()
  await app.writeFile('data', 'file', 'old data')
  await app.writeFile('config', 'file', 'old config')
  await prepareAndFill(app, ['data', 'config'])
  execFileSync('chattr', ['+i', app.volumePath('config')])
  let failure: PlatformFailure
  try {
    failure = await failureOf(app.platform.commitRestore('r1', never))
  } finally {
    execFileSync('chattr', ['-i', app.volumePath('config')])
  }
  assert.equal(failure.code, 'exchange-failed')
  assert.match(JSON.stringify(failure), /as before.*EPERM/)
  assert.equal(await app.readFile('data', 'file'), 'old data')
  assert.equal(await app.readFile('config', 'file'), 'old config')
  // The staging is still there, so that the same restore can be tried again.
  await app.platform.commitRestore('r1', never)
  assert.equal(await app.readFile('config', 'file'), 'new config')
})

test('a target that cannot be written refuses, nothing changed', needsRoot, async () => {
  await using app = makeHostApp()
  await app.writeFile('data', 'file', 'old data')
  execFileSync('chattr', ['+i', app.volumePath('data')])
  const immutable = await failureOf(app.platform.prepareRestore(request(['data']), never))
  execFileSync('chattr', ['-i', app.volumePath('data')])
  assert.equal(immutable.code, 'target-not-writable')
  assert.match(JSON.stringify(immutable), /immutable/)
  {
    const path = app.volumePath('data')
    using _bind = bindMount(path, path, { isReadOnly: true })
    const readOnly = await failureOf(app.platform.prepareRestore(request(['data']), never))
    assert.equal(readOnly.code, 'target-not-writable')
    assert.match(JSON.stringify(readOnly), /read-only/)
  }
  rmSync(app.volumePath('config'), { recursive: true })
  writeFileSync(app.volumePath('config'), 'a file')
  const file = await failureOf(app.platform.prepareRestore(request(['config']), never))
  assert.match(JSON.stringify(file), /a file stands in the place/)
  assert.equal(await app.readFile('data', 'file'), 'old data')
  assert.deepEqual(await app.platform.listOwned(), [])
})

test('too little space refuses, nothing changed', needsRoot, async (t) => {
  const mounted = mountFilesystem('tmpfs', { sizeMebibytes: 8 })
  if (typeof mounted === 'string') return t.skip(`NOT TESTED: ${mounted}`)
  using _mounted = mounted
  await using app = makeHostApp({ parent: mounted.path })
  const sizes = { namespace: 'shop', expectedEntries: 1, expectedBytes: 5 * 1024 * 1024 }
  const volumes = [{ ...sizes, key: 'data' }]
  await app.platform.prepareRestore(request([], { volumes }), never)
  await app.platform.rollbackRestore('r1', never)
  // Each fits, both together do not.
  const both = request([], { volumes: [...volumes, { ...sizes, key: 'config' }] })
  const failure = await failureOf(app.platform.prepareRestore(both, never))
  assert.equal(failure.code, 'not-enough-space')
  assert.ok(failure.code === 'not-enough-space' && failure.neededBytes > failure.freeBytes)
  assert.deepEqual(await app.platform.listOwned(), [])
})

test('a volume in use refuses and names the process, unless that is allowed', async () => {
  await using app = makeHostApp(inMemory)
  await app.writeFile('data', 'file', 'old data')
  const script = 'process.stdin.resume(); console.log("ready")'
  const user = spawn(process.execPath, ['-e', script], {
    cwd: app.volumePath('data'),
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  try {
    await once(user.stdout, 'data')
    const failure = await failureOf(app.platform.prepareRestore(request(['data']), never))
    const processes = failure.code === 'volume-in-use' ? failure.processes : []
    assert.deepEqual(
      processes.map(({ pid, namespace, key }) => ({ pid, namespace, key })),
      [{ pid: user.pid, namespace: 'shop', key: 'data' }],
    )
    assert.match(at(processes, 0).command, /node|MainThread/)
    await app.platform.prepareRestore(request(['config']), never)
    const allowed = request(['data'], { allowInUse: true })
    await app.platform.prepareRestore(allowed, never)
    await app.platform.commitRestore('r1', never)
    assert.deepEqual(readdirSync(app.volumePath('data')), [])
  } finally {
    user.stdin.end()
    await once(user, 'exit')
  }
})

test('a container that has the volume mounted uses it', needsRoot, async () => {
  await using app = makeHostApp(inMemory)
  const script = `mount --bind ${app.volumePath('data')} /mnt && echo ready && exec cat`
  const container = spawn('unshare', ['--mount', 'sh', '-c', script], {
    cwd: '/',
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  try {
    await once(container.stdout, 'data')
    const failure = await failureOf(app.platform.prepareRestore(request(['data']), never))
    const processes = failure.code === 'volume-in-use' ? failure.processes : []
    assert.deepEqual(processes, [
      { pid: container.pid, command: 'cat', namespace: 'shop', key: 'data' },
    ])
    await app.platform.prepareRestore(request(['config']), never)
  } finally {
    container.stdin.end()
    await once(container, 'exit')
  }
})

test('an open file inside a volume, or a loose one, is use of it', async () => {
  await using app = makeHostApp(inMemory)
  await app.writeFile('data', 'deep/file', 'open')
  writeFileSync(join(app.hostRoot, 'shop/loose'), 'open')
  for (const [path, key] of [
    ['data/deep/file', 'data'],
    ['loose', '.'],
  ] as const) {
    const handle = openSync(join(app.hostRoot, 'shop', path), 'r')
    const user = spawn('sleep', ['600'], { stdio: ['ignore', 'ignore', 'ignore', handle] })
    closeSync(handle)
    try {
      await once(user, 'spawn')
      const failure = await failureOf(app.platform.prepareRestore(request(['data', '.']), never))
      const processes = failure.code === 'volume-in-use' ? failure.processes : []
      assert.deepEqual(processes, [{ pid: user.pid, command: 'sleep', namespace: 'shop', key }])
    } finally {
      user.kill()
      await once(user, 'exit')
    }
  }
})

test('a process that opens a volume after the preparation stops the commit', async () => {
  await using app = makeHostApp(inMemory)
  await app.writeFile('data', 'file', 'old data')
  await prepareAndFill(app, ['data'])
  const user = spawn('sleep', ['600'], { cwd: app.volumePath('data'), stdio: 'ignore' })
  try {
    await once(user, 'spawn')
    const failure = await failureOf(app.platform.commitRestore('r1', never))
    assert.equal(failure.code, 'volume-in-use')
    assert.equal(await app.readFile('data', 'file'), 'old data')
  } finally {
    user.kill()
    await once(user, 'exit')
  }
  await app.platform.commitRestore('r1', never)
  assert.equal(await app.readFile('data', 'file'), 'new data')
})

test('names of any bytes are volumes and entries', async () => {
  await using app = makeHostApp(inMemory)
  const odd = Buffer.from([0x2d, 0x72, 0xff, 0x0a, 0x25, 0x20])
  const volume = Buffer.concat([Buffer.from(join(app.hostRoot, 'shop/')), odd])
  mkdirSync(volume)
  const inventory = await app.platform.discover({ namespaces: ['shop'] }, never)
  const key = '-r%FF%0A%25%20'
  assert.ok(inventory.volumes.some((it) => it.key === key))
  const staging = await app.platform.prepareRestore(request([key, '.']), never)
  const loose = stagedPath(at(staging.volumes, 1))
  writeFileSync(join(stagedPath(at(staging.volumes, 0)), 'file'), 'new')
  writeFileSync(Buffer.concat([Buffer.from(`${loose}/`), odd, odd]), 'loose')
  await app.platform.commitRestore('r1', never)
  assert.equal(readFileSync(Buffer.concat([volume, Buffer.from('/file')]), 'utf8'), 'new')
  assert.equal(readFileSync(Buffer.concat([volume, odd]), 'utf8'), 'loose')
  await app.platform.finishRestore('r1', never)
})

test('what an app puts in the place of the work area leads nowhere', needsRoot, async (t) => {
  const mounted = mountFilesystem('tmpfs', { sizeMebibytes: 64 })
  if (typeof mounted === 'string') return t.skip(`NOT TESTED: ${mounted}`)
  using _mounted = mounted
  await using app = makeHostApp(inMemory)
  using _bind = bindMount(mounted.path, app.volumePath('data'), { isReadOnly: false })
  const area = join(app.volumePath('data'), '.holdfast')
  const elsewhere = app.volumePath('config')
  symlinkSync(elsewhere, area)
  const link = await failureOf(app.platform.prepareRestore(request(['data']), never))
  assert.equal(link.code, 'target-not-writable')
  rmSync(area)
  mkdirSync(area, 0o700)
  chownSync(area, 1234, 1234)
  const foreign = await failureOf(app.platform.prepareRestore(request(['data']), never))
  assert.match(JSON.stringify(foreign), /belongs to another user/)
  rmSync(area, { recursive: true })
  await prepareAndFill(app, ['data'])
  // The app renames our directory and puts a link to a tree of its own making there.
  renameSync(area, join(app.volumePath('data'), 'moved'))
  mkdirSync(join(elsewhere, 'restore-r1/0.tree'), { recursive: true })
  symlinkSync(elsewhere, area)
  const job = { kind: 'restore', targetPath: pathInArea(app) } as never
  const mover = await failureOf(app.platform.startMover('m1', job))
  assert.equal(mover.code, 'target-not-writable')
  const commit = await failureOf(app.platform.commitRestore('r1', never))
  assert.equal(commit.code, 'exchange-failed')
  await app.platform.rollbackRestore('r1', never)
  assert.deepEqual(readdirSync(join(elsewhere, 'restore-r1')), ['0.tree'])
})

test('a mover writes through the directory it was given, wherever its name leads', async () => {
  await using app = makeHostApp(inMemory)
  const staging = await app.platform.prepareRestore(request(['data']), never)
  const { targetPath } = at(staging.volumes, 0)
  const job = { kind: 'restore', targetPath, tags: ['write'] } as never
  const mover = await app.platform.startMover('m1', job)
  const events = await Array.fromAsync(mover.events(never))
  assert.equal(events.at(-1)?.event, 'failed')
  assert.equal(getFile(join(stagedPath({ targetPath }), 'written')), 'by the mover')
  // Its failure names the path that people know.
  assert.ok(JSON.stringify(events.at(-1)).includes(targetPath))
})

test('a work area that others can enter is closed again', async () => {
  await using app = makeHostApp(inMemory)
  mkdirSync(join(app.hostRoot, '.holdfast'), 0o755)
  await app.platform.prepareRestore(request(['data']), never)
  assert.equal(lstatSync(join(app.hostRoot, '.holdfast')).mode & 0o777, 0o700)
})

test('a restore is found by a new service, whatever the old one remembered', async () => {
  await using app = makeHostApp(inMemory)
  await app.writeFile('data', 'file', 'old data')
  await prepareAndFill(app, ['data'])
  const successor = openHostPlatform(app)
  await successor.commitRestore('r1', never)
  await openHostPlatform(app).rollbackRestore('r1', never)
  assert.equal(await app.readFile('data', 'file'), 'old data')
})

function pathInArea(app: HostApp): string {
  return join(app.volumePath('data'), '.holdfast/restore-r1/0.tree')
}

function identity(path: string): { readonly inode: number; readonly device: number } {
  const { ino, dev } = statSync(path)
  return { inode: ino, device: dev }
}

function at<Item>(items: readonly Item[], index: number): Item {
  const item = items[index]
  assert.ok(item !== undefined)
  return item
}

test('new namespaces are made with the mode and owner of their source, and go when going back', async () => {
  await using app = makeHostApp(inMemory)
  await app.writeFile('data', 'file', 'data')
  const uid = isRoot ? 1234 : (process.geteuid?.() ?? 0)
  const gid = isRoot ? 1235 : (process.getegid?.() ?? 0)
  const ownership = { permissions: 0o2751, uid, gid }
  const newNamespaces = [{ name: 'twin', ownership }, { name: 'bare' }]
  const volumes = [{ namespace: 'twin', key: 'data', expectedBytes: 10, expectedEntries: 2 }]
  const asked = { ...request([]), volumes, namespaces: [], newNamespaces }
  const stage = async () => {
    const staging = await app.platform.prepareRestore(asked, never)
    await app.fillStaged(at(staging.volumes, 0), 'file', 'twin data')
  }
  await stage()
  assert.deepEqual(readdirSync(app.hostRoot).sort(), ['.holdfast', 'shop'])
  await app.platform.commitRestore('r1', never)
  const status = statSync(join(app.hostRoot, 'twin'))
  assert.deepEqual([status.mode & 0o7777, status.uid, status.gid], [0o2751, uid, gid])
  assert.equal(getFile(join(app.hostRoot, 'twin/data/file')), 'twin data')
  assert.ok(existsSync(join(app.hostRoot, 'bare')))
  await app.platform.rollbackRestore('r1', never)
  assert.deepEqual(readdirSync(app.hostRoot).sort(), ['.holdfast', 'shop'])
  await stage()
  await app.platform.commitRestore('r1', never)
  await app.platform.finishRestore('r1', never)
  assert.equal(getFile(join(app.hostRoot, 'twin/data/file')), 'twin data')
})

test('a namespace that must be new and is there is refused, before and at the exchange', async () => {
  await using app = makeHostApp(inMemory)
  await app.writeFile('data', 'file', 'data')
  const volumes = [{ namespace: 'twin', key: 'data', expectedBytes: 10, expectedEntries: 2 }]
  const newNamespaces = [{ name: 'twin' }]
  const asked = { ...request([]), volumes, namespaces: [], newNamespaces }
  const staging = await app.platform.prepareRestore(asked, never)
  await app.fillStaged(at(staging.volumes, 0), 'file', 'twin data')
  mkdirSync(join(app.hostRoot, 'twin'))
  const refused = { code: 'namespace-exists', namespace: 'twin' } as const
  assert.deepEqual(await failureOf(app.platform.commitRestore('r1', never)), refused)
  await app.platform.rollbackRestore('r1', never)
  assert.deepEqual(readdirSync(join(app.hostRoot, 'twin')), [])
  assert.deepEqual(await failureOf(app.platform.prepareRestore(asked, never)), refused)
  assert.deepEqual(readdirSync(join(app.hostRoot, '.holdfast')), [])
})
