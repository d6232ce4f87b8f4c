import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { secureRandomBytes } from '../crypto/random.ts'
import { failureOf } from '../engine-failure.ts'
import { sha256Hex } from '../format/sha256.ts'
import { localBackendIn, makeThrowawayDirectory } from '../testing/throwaway-repository.ts'
import { localDirectoryBackend } from './local-directory.ts'

const CONTENT = Buffer.from('a pack')
const PACK = { kind: 'data', name: sha256Hex(CONTENT) } as const
const CONFIG = { kind: 'config', name: '' } as const

test('files and directories are as stock restic makes them', async () => {
  await using directory = await makeThrowawayDirectory()
  const backend = localBackendIn(directory.path)
  await backend.create(undefined)
  await backend.save(PACK, [CONTENT], undefined)
  const root = join(directory.path, 'repository')
  assert.deepEqual((await readdir(root)).sort(), ['data', 'index', 'keys', 'locks', 'snapshots'])
  assert.equal((await readdir(join(root, 'data'))).length, 256)
  const file = join(root, 'data', PACK.name.slice(0, 2), PACK.name)
  assert.equal(await modeOf(file), 0o400)
  assert.equal(await modeOf(join(root, 'data')), 0o700)
  assert.equal(await modeOf(join(root, 'data', '00')), 0o700)
})

test('what the group may read stays readable for the group', async () => {
  await using directory = await makeThrowawayDirectory()
  const backend = localBackendIn(directory.path)
  await backend.create(undefined)
  await backend.save(CONFIG, [CONTENT], undefined)
  const root = join(directory.path, 'repository')
  await chmod(join(root, 'config'), 0o440)
  await backend.save(PACK, [CONTENT], undefined)
  assert.equal(await modeOf(join(root, 'data', PACK.name.slice(0, 2), PACK.name)), 0o440)
})

test('a missing shard is made, a missing repository is not', async () => {
  await using directory = await makeThrowawayDirectory()
  const backend = localBackendIn(directory.path)
  await backend.create(undefined)
  const root = join(directory.path, 'repository')
  await rm(join(root, 'data'), { recursive: true })
  assert.deepEqual(await Array.fromAsync(backend.list('data', undefined)), [])
  await backend.save(PACK, [CONTENT], undefined)
  assert.equal((await Array.fromAsync(backend.list('data', undefined))).length, 1)

  await rm(root, { recursive: true })
  const isGone = (error: unknown): boolean => failureOf(error, 'repository-not-found')?.url === root
  await assert.rejects(backend.save(PACK, [CONTENT], undefined), isGone)
  await assert.rejects(backend.load(PACK, undefined, undefined), isGone)
  await assert.rejects(backend.stat(PACK, undefined), isGone)
  await assert.rejects(Array.fromAsync(backend.list('data', undefined)), isGone)
  assert.deepEqual(await readdir(directory.path), [])
})

test('names that are none are skipped, leftovers are removed, locks excepted', async () => {
  await using directory = await makeThrowawayDirectory()
  const backend = localBackendIn(directory.path)
  await backend.create(undefined)
  await backend.save(PACK, [CONTENT], undefined)
  const root = join(directory.path, 'repository')
  const shard = join(root, 'data', PACK.name.slice(0, 2))
  await writeFile(join(shard, `${PACK.name}-tmp-0123`), 'half')
  await writeFile(join(shard, 'README'), 'not ours')
  await writeFile(join(root, 'index', `${PACK.name}-tmp-4567`), 'half')
  await writeFile(join(root, 'locks', `${PACK.name}-tmp-89ab`), 'being written')
  await mkdir(join(root, 'index', sha256Hex(Buffer.from('a directory'))))
  assert.equal((await Array.fromAsync(backend.list('data', undefined))).length, 1)
  assert.equal((await Array.fromAsync(backend.list('index', undefined))).length, 0)
  assert.equal((await backend.listLeftovers(undefined)).length, 2)
  assert.equal(await backend.removeLeftovers(undefined), 2)
  assert.deepEqual((await readdir(shard)).sort(), [PACK.name, 'README'].sort())
  assert.equal((await readdir(join(root, 'locks'))).length, 1)
})

test('an abort in the middle of a save leaves nothing', async () => {
  await using directory = await makeThrowawayDirectory()
  const backend = localBackendIn(directory.path)
  await backend.create(undefined)
  const controller = new AbortController()
  const reason = new Error('stop')
  const part = Buffer.alloc(16 * 1024 * 1024)
  const content = [part, part, part, part]
  const saving = backend.save(PACK, content, controller.signal)
  controller.abort(reason)
  await assert.rejects(saving, reason)
  const shard = join(directory.path, 'repository', 'data', PACK.name.slice(0, 2))
  assert.deepEqual(await readdir(shard), [])
})

test('a full file system is named, and what was written for nothing is gone', async (t) => {
  await using directory = await makeThrowawayDirectory()
  const mount = join(directory.path, 'small')
  await mkdir(mount)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', mount], { stdio: 'pipe' })
  } catch {
    return t.skip('a small tmpfs cannot be mounted here: run as root with mount allowed')
  }
  try {
    const path = join(mount, 'repository')
    const backend = localDirectoryBackend({ path, randomBytes: secureRandomBytes })
    await backend.create(undefined)
    const content = secureRandomBytes(4 * 1024 * 1024)
    const pack = { kind: 'data', name: sha256Hex(content) } as const
    await assert.rejects(backend.save(pack, [content], undefined), (error) => {
      const failure = failureOf(error, 'no-space')
      return failure?.path === path && failure.neededBytes === content.length
    })
    assert.deepEqual(await readdir(join(path, 'data', pack.name.slice(0, 2))), [])
    await backend.save(PACK, [CONTENT], undefined)
    assert.deepEqual(await backend.load(PACK, undefined, undefined), CONTENT)
  } finally {
    execFileSync('umount', [mount])
  }
})

test('a place that is no directory is a lasting failure', async () => {
  await using directory = await makeThrowawayDirectory()
  const path = join(directory.path, 'repository')
  await writeFile(path, 'a file')
  const backend = localBackendIn(directory.path)
  await assert.rejects(
    backend.create(undefined),
    (error) => failureOf(error, 'backend-failed')?.url === path,
  )
  assert.equal(await readFile(path, 'utf8'), 'a file')
})

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777
}
