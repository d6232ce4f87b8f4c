import assert from 'node:assert/strict'
import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { exchangeEntries, moveEntry } from './exchange.ts'
import { flushFilesystemInBackground } from './flush-filesystem.ts'
import { readInodeFlags } from './inode-flags.ts'

test('a file and a directory of odd names change places', async () => {
  await inTwoDirectories((one, other, path) => {
    const odd = Buffer.from([0xff, 0x0a])
    writeFileSync(Buffer.concat([Buffer.from(`${path}/one/`), odd]), 'file')
    mkdirSync(join(path, 'other/directory/deep'), { recursive: true })
    const directory = Buffer.from('directory')
    exchangeEntries({ directory: one, name: odd }, { directory: other, name: directory })
    assert.equal(readFileSync(join(path, 'other/directory'), 'utf8'), 'file')
    assert.deepEqual(readdirSync(Buffer.concat([Buffer.from(`${path}/one/`), odd])), ['deep'])
  })
})

test('both must exist, and a move replaces nothing', async () => {
  await inTwoDirectories((one, other, path) => {
    writeFileSync(join(path, 'one/a'), 'a')
    const a = { directory: one, name: Buffer.from('a') }
    const b = { directory: other, name: Buffer.from('b') }
    assert.throws(() => exchangeEntries(a, b), { code: 'ENOENT' })
    writeFileSync(join(path, 'other/b'), 'b')
    assert.throws(() => moveEntry(a, b), { code: 'EEXIST' })
    assert.equal(readFileSync(join(path, 'other/b'), 'utf8'), 'b')
    moveEntry(a, { directory: other, name: Buffer.from('c') })
    assert.equal(readFileSync(join(path, 'other/c'), 'utf8'), 'a')
    assert.throws(() => moveEntry(b, { directory: one, name: Buffer.from('x\0y') }), RangeError)
  })
})

test('a file system is flushed off the event loop, and a wrong handle is told', async () => {
  await inTwoDirectories(async (one) => {
    await flushFilesystemInBackground(one)
    await assert.rejects(flushFilesystemInBackground(999_999), { code: 'EBADF' })
    assert.deepEqual(readInodeFlags(one), { isImmutable: false, isAppendOnly: false })
  })
})

async function inTwoDirectories(
  action: (one: number, other: number, path: string) => void | Promise<void>,
): Promise<void> {
  const path = mkdtempSync(join(tmpdir(), 'holdfast-exchange-'))
  const handles: number[] = []
  try {
    for (const name of ['one', 'other']) {
      mkdirSync(join(path, name))
      handles.push(openSync(join(path, name), constants.O_DIRECTORY))
    }
    await action(Number(handles[0]), Number(handles[1]), path)
  } finally {
    for (const handle of handles) closeSync(handle)
    rmSync(path, { recursive: true })
  }
}
