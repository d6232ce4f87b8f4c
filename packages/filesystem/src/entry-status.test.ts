import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  closeSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { cPath, pathInDirectory } from './c-path.ts'
import { readDirectoryNames } from './directory-names.ts'
import { makeSpecialFile, setOwner, setPermissions, setTimes } from './entry-metadata.ts'
import { statusAt, statusOfHandle, WORKING_DIRECTORY } from './entry-status.ts'
import { describeErrno, errnoName, FilesystemError } from './system-error.ts'
import { deviceFilesMissing } from './testing/machine-abilities.ts'

const root = mkdtempSync(join(tmpdir(), 'holdfast-entries-'))
after(() => rmSync(root, { recursive: true, force: true }))
const isRoot = process.getuid?.() === 0

function at(name: string): Buffer {
  return Buffer.from(join(root, name))
}

function bytes(...parts: (string | number)[]): Buffer {
  return Buffer.concat(parts.map((p) => (typeof p === 'string' ? Buffer.from(p) : Buffer.of(p))))
}

test('status equals what node:fs says, for every type of entry', async () => {
  writeFileSync(at('file'), 'content', { mode: 0o640 })
  setPermissions(at('file'), 0o6755)
  mkdirSync(at('dir'))
  setPermissions(at('dir'), 0o1777)
  symlinkSync('nowhere', at('link'))
  makeSpecialFile(at('fifo'), { type: 'fifo', permissions: 0o600, deviceNumber: 0n })
  const server = createServer().listen(join(root, 'socket'))
  await new Promise((resolve) => server.once('listening', resolve))
  const names = ['file', 'dir', 'link', 'fifo', 'socket']
  if (deviceFilesMissing() === false) {
    // Numbers beyond eight bits, where the encoding of a device number is not plain.
    const deviceNumber = (5n << 8n) | 0x2cn | (0x123n << 20n)
    makeSpecialFile(at('disk'), { type: 'block-device', permissions: 0o640, deviceNumber })
    makeSpecialFile(at('null'), {
      type: 'character-device',
      permissions: 0o666,
      deviceNumber: 259n,
    })
    names.push('disk', 'null')
    assert.equal(statusAt(WORKING_DIRECTORY, at('disk')).deviceNumber, deviceNumber)
  }
  for (const name of names) {
    const ours = statusAt(WORKING_DIRECTORY, at(name))
    const theirs = lstatSync(at(name), { bigint: true })
    assert.deepEqual(
      {
        permissions: BigInt(ours.permissions),
        uid: BigInt(ours.uid),
        gid: BigInt(ours.gid),
        inode: ours.inode,
        device: ours.device,
        links: BigInt(ours.links),
        size: ours.size,
        mtimeNs: ours.mtimeNs,
        atimeNs: ours.atimeNs,
        ctimeNs: ours.ctimeNs,
        deviceNumber: ours.deviceNumber,
      },
      {
        permissions: theirs.mode & 0o7777n,
        uid: theirs.uid,
        gid: theirs.gid,
        inode: theirs.ino,
        device: theirs.dev,
        links: theirs.nlink,
        size: theirs.size,
        mtimeNs: theirs.mtimeNs,
        atimeNs: theirs.atimeNs,
        ctimeNs: theirs.ctimeNs,
        deviceNumber: theirs.rdev,
      },
      name,
    )
  }
  assert.deepEqual(
    names.map((name) => statusAt(WORKING_DIRECTORY, at(name)).type),
    ['file', 'directory', 'symlink', 'fifo', 'socket', 'block-device', 'character-device'].slice(
      0,
      names.length,
    ),
  )
  await new Promise((resolve) => server.close(resolve))
})

test('times are set to the nanosecond, before 1970 too, and links are not followed', () => {
  writeFileSync(at('timed'), '')
  symlinkSync('timed', at('timed-link'))
  const cases = [
    { atimeNs: 1_790_000_000_999_999_999n, mtimeNs: 1n },
    { atimeNs: -1n, mtimeNs: -1_500_000_000n },
    { atimeNs: 0n, mtimeNs: -2_000_000_000n },
  ]
  for (const times of cases) {
    setTimes(at('timed'), times)
    const { atimeNs, mtimeNs } = statusAt(WORKING_DIRECTORY, at('timed'))
    assert.deepEqual({ atimeNs, mtimeNs }, times)
  }
  setTimes(at('timed-link'), { atimeNs: 5n, mtimeNs: 7n })
  assert.equal(statusAt(WORKING_DIRECTORY, at('timed-link')).mtimeNs, 7n)
  assert.equal(statusAt(WORKING_DIRECTORY, at('timed')).mtimeNs, -2_000_000_000n)
})

test('GNU stat agrees about a time before 1970', () => {
  writeFileSync(at('old'), '')
  setTimes(at('old'), { atimeNs: 0n, mtimeNs: -1_250_000_000n })
  const shown = execFileSync('stat', ['-c', '%.9Y', join(root, 'old')], { encoding: 'utf8' })
  assert.equal(shown.trim(), '-1.250000000')
})

test('an owner is set without following links', { skip: !isRoot && 'needs root' }, () => {
  writeFileSync(at('owned'), '')
  symlinkSync('owned', at('owned-link'))
  setOwner(at('owned-link'), { uid: 4_000_000_000, gid: 1234 })
  const link = statusAt(WORKING_DIRECTORY, at('owned-link'))
  assert.deepEqual([link.uid, link.gid], [4_000_000_000, 1234])
  assert.equal(statusAt(WORKING_DIRECTORY, at('owned')).uid, 0)
})

test('names of a directory come sorted by bytes, whatever the bytes are', () => {
  mkdirSync(at('names'))
  const names = [
    bytes('\u{10000}'),
    bytes('\uff5e'),
    bytes('a'),
    bytes('a-'),
    bytes('a', 0xcc),
    bytes(0xff, 0xfe),
    bytes('new\nline'),
    bytes('...'),
    bytes('.a'),
    bytes('A'),
    bytes('n'.repeat(255)),
  ]
  for (const name of names) writeFileSync(Buffer.concat([at('names'), bytes('/'), name]), '')
  const handle = openSync(at('names'), 'r')
  const listed = readDirectoryNames(handle)
  const found = Array.from({ length: listed.count }, (_, position) => listed.nameAt(position))
  assert.deepEqual(found, names.toSorted(Buffer.compare))
  assert.equal(readDirectoryNames(handle).count, names.length, 'a second reading begins anew')
  assert.equal(statusAt(handle, bytes(0xff, 0xfe)).type, 'file')
  assert.equal(statusOfHandle(handle).type, 'directory')
  const through = statusAt(WORKING_DIRECTORY, pathInDirectory(handle, bytes('a', 0xcc)))
  assert.equal(through.inode, statusAt(handle, bytes('a', 0xcc)).inode)
  closeSync(handle)
})

test('a directory of 5,000 names needs more than one block and loses none', () => {
  mkdirSync(at('many'))
  const names = Array.from({ length: 5000 }, (_, n) => `${'x'.repeat(n % 200)}-${n}`)
  for (const name of names) writeFileSync(join(root, 'many', name), '')
  const handle = openSync(at('many'), 'r')
  const listed = readDirectoryNames(handle)
  const found = Array.from({ length: listed.count }, (_, i) => listed.nameAt(i).toString())
  assert.deepEqual(
    found,
    names.toSorted((a, b) => Buffer.compare(bytes(a), bytes(b))),
  )
  closeSync(handle)
})

test('a refused call names errno, call and path; zero bytes never cut a path short', () => {
  assert.throws(
    () => statusAt(WORKING_DIRECTORY, at('missing')),
    (error: unknown) => {
      assert.ok(error instanceof FilesystemError)
      assert.equal(errnoName(error), 'ENOENT')
      assert.deepEqual(error.failure, {
        code: 'system-call-failed',
        errno: 'ENOENT',
        call: 'statx',
        path: join(root, 'missing'),
      })
      return true
    },
  )
  assert.throws(() => cPath(bytes('file', 0, 'x')), RangeError)
  assert.equal(errnoName(new Error('no errno')), undefined)
  assert.equal(describeErrno('EACCES'), 'EACCES: permission denied')
  assert.equal(describeErrno('E4711'), 'E4711')
})
