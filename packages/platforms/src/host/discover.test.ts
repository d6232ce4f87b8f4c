import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { platformFailureOf } from '../platform-error.ts'
import { makeHostApp } from '../testing/host-app.ts'

const isRoot = process.geteuid?.() === 0
const ROOT_READS = 'NOT TESTED: root can read everything'
const never = new AbortController().signal

test('only real directories with DNS-1123 names are namespaces; the others are told', async () => {
  await using app = makeHostApp()
  const long = 'x'.repeat(200)
  for (const name of [
    'a',
    '0-9',
    'Upper',
    'end-',
    'under_score',
    long,
    '.holdfast',
    '.holdfast-x',
  ]) {
    mkdirSync(join(app.hostRoot, name))
  }
  mkdirSync(Buffer.concat([Buffer.from(`${app.hostRoot}/`), Buffer.of(0xff)]))
  symlinkSync('shop', join(app.hostRoot, 'link'))
  writeFileSync(join(app.hostRoot, 'README'), 'no namespace, and nobody would think so')
  const { namespaces, refused } = await app.platform.discover({ namespaces: undefined }, never)
  assert.deepEqual(
    namespaces.map(({ name }) => name),
    ['0-9', 'a', 'shop'],
  )
  assert.deepEqual(
    refused.map((sentence) => sentence.split(' ')[0]?.slice(0, 11)),
    ['Upper', 'end-', 'link', 'under_score', 'xxxxxxxxxxx', '%FF'],
  )
  assert.ok(refused.every((sentence) => sentence.length <= 127))
  assert.match(String(refused[2]), /symbolic link/)
})

test('volumes are directories of any name; loose entries are the volume `.`', async () => {
  await using app = makeHostApp()
  const root = join(app.hostRoot, 'shop')
  mkdirSync(join(root, 'with space'))
  mkdirSync(join(root, '.holdfast'))
  symlinkSync('data', join(root, 'link'))
  writeFileSync(join(root, 'loose'), 'five!')
  writeFileSync(join(root, 'data/sparse'), '')
  truncateSync(join(root, 'data/sparse'), 4096)
  const { volumes } = await app.platform.discover({ namespaces: ['shop'] }, never)
  assert.deepEqual(
    volumes.map(({ key, estimatedBytes, estimatedEntries }) => [
      key,
      estimatedBytes,
      estimatedEntries,
    ]),
    [
      ['config', 0, 1],
      ['data', 4096, 2],
      ['with%20space', 0, 1],
      ['.', 5, 3],
    ],
  )
})

test('a volume that cannot be read is a volume all the same', {
  skip: isRoot && ROOT_READS,
}, async () => {
  await using app = makeHostApp()
  chmodSync(app.volumePath('data'), 0)
  mkdirSync(join(app.hostRoot, 'closed'), 0)
  const inventory = await app.platform.discover({ namespaces: undefined }, never)
  const { volumes, refused } = inventory
  chmodSync(app.volumePath('data'), 0o700)
  chmodSync(join(app.hostRoot, 'closed'), 0o700)
  assert.deepEqual(refused, ['closed cannot be read by the service'])
  assert.deepEqual(await app.platform.listOwned(), [])
  const data = volumes.find(({ key }) => key === 'data')
  assert.deepEqual(data?.strategies, ['copy'])
})

test('a refusal of a long name fits and can be stored', async () => {
  await using app = makeHostApp()
  // One of the two is cut in the middle of a character.
  mkdirSync(join(app.hostRoot, '📦'.repeat(60)))
  mkdirSync(join(app.hostRoot, `a${'📦'.repeat(60)}`))
  const { refused } = await app.platform.discover({ namespaces: undefined }, never)
  assert.equal(refused.length, 2)
  for (const sentence of refused) {
    assert.ok(sentence.length <= 127 && sentence.isWellFormed(), sentence)
    assert.match(sentence, /… is no DNS-1123 label; rename the directory to protect it$/)
  }
})

test('a directory that is made anew under the same name has another identity', async () => {
  await using app = makeHostApp()
  const [before] = (await app.platform.discover({ namespaces: undefined }, never)).namespaces
  rmSync(join(app.hostRoot, 'shop'), { recursive: true })
  mkdirSync(join(app.hostRoot, 'shop'))
  const [after] = (await app.platform.discover({ namespaces: undefined }, never)).namespaces
  assert.notEqual(after?.uid, before?.uid)
})

test('a host root that is gone is unreachable, and an aborted discovery ends', async () => {
  const app = makeHostApp()
  const abort = new AbortController()
  abort.abort()
  await assert.rejects(app.platform.discover({ namespaces: ['shop'] }, abort.signal))
  await app[Symbol.asyncDispose]()
  await assert.rejects(app.platform.discover({ namespaces: undefined }, never), (error) => {
    assert.equal(platformFailureOf(error)?.code, 'platform-unreachable')
    return true
  })
})
