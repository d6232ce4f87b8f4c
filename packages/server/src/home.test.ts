import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { isHome, joinInstallation, lockHome } from './home.ts'

async function makeParent(t: TestContext): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'holdfast-home-'))
  t.after(() => rm(parent, { recursive: true, force: true }))
  return parent
}

test('a home is made closed to others and keeps its identity', async (t) => {
  const directory = join(await makeParent(t), 'deep/home')
  assert.equal(await isHome(directory), false)
  const first = await lockHome(directory)
  assert.equal((await stat(directory)).mode & 0o777, 0o700)
  assert.equal((await stat(join(directory, 'service.json'))).mode & 0o777, 0o600)
  await first.release()
  assert.equal(await isHome(directory), true)
  const second = await lockHome(directory)
  assert.deepEqual(second.identity, first.identity)
  await joinInstallation(second, 'another')
  await second.release()
  const third = await lockHome(directory)
  const executorID = first.identity.executorID
  assert.deepEqual(third.identity, { installationID: 'another', executorID })
  await third.release()
})

test('a home is locked by one, whose process is named', async (t) => {
  const directory = join(await makeParent(t), 'home')
  const first = await lockHome(directory)
  await assert.rejects(lockHome(directory), {
    failure: { code: 'home-in-use', home: directory, pid: process.pid },
  })
  await first.release()
  await (await lockHome(directory)).release()
})

test('a home that was there keeps the mode that its owner chose', async (t) => {
  const directory = join(await makeParent(t), 'home')
  await mkdir(directory)
  await chmod(directory, 0o750)
  await (await lockHome(directory)).release()
  assert.equal((await stat(directory)).mode & 0o777, 0o750)
})

test('trouble with the home is told', async (t) => {
  const parent = await makeParent(t)
  const file = join(parent, 'file')
  await writeFile(file, '')
  await assert.rejects(lockHome(join(file, 'home')), { name: 'ServerError' })
  const directory = join(parent, 'home')
  await (await lockHome(directory)).release()
  const identity = join(directory, 'service.json')
  for (const damaged of ['', '{', '{}', '[]', 'null']) {
    await writeFile(identity, damaged)
    await assert.rejects(lockHome(directory), { name: 'ServerError' }, damaged)
    assert.equal(await readFile(identity, 'utf8'), damaged, 'a damaged identity is not replaced')
  }
})
