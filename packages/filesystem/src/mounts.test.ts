import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isPathBelow, mountHolding, mountsBelow, parseMountInfo, readMounts } from './mounts.ts'

const LINES = [
  '22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw',
  '30 22 8:2 /sub /srv/with\\040space\\134 ro,nosuid - btrfs /dev/sdb rw',
  '31 30 0:40 / /srv/with\\040space\\134/inner rw shared:2 master:1 - tmpfs tmpfs rw',
  'cut short',
]
const path = (text: string) => Buffer.from(text)

test('fields are read and unescaped, with any number of optional ones', () => {
  const mounts = parseMountInfo(path(LINES.join('\n')))
  assert.deepEqual(
    mounts.map((it) => [String(it.mountPoint), String(it.root), it.filesystemType, it.isReadOnly]),
    [
      ['/', '/', 'ext4', false],
      ['/srv/with space\\', '/sub', 'btrfs', true],
      ['/srv/with space\\/inner', '/', 'tmpfs', false],
    ],
  )
  const below = mountsBelow(mounts, path('/srv/with space\\'))
  assert.deepEqual(
    below.map(({ device }) => device),
    ['0:40'],
  )
  assert.equal(mountHolding(mounts, path('/srv/with space\\/x'))?.device, '8:2')
  assert.equal(mountHolding(mounts, path('/srv/with space'))?.device, '8:1')
})

test('below means a component more, not a longer name', () => {
  assert.equal(isPathBelow(path('/a/b'), path('/a')), true)
  assert.equal(isPathBelow(path('/ab'), path('/a')), false)
  assert.equal(isPathBelow(path('/a'), path('/a')), false)
  assert.equal(isPathBelow(path('/a'), path('/')), true)
  assert.equal(isPathBelow(path('/'), path('/')), false)
})

test('any bytes in a mount point come back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1 }), (bytes) => {
      const name = Buffer.from(bytes.map((byte) => (byte === 0 ? 1 : byte)))
      const escaped = [...name].map((byte) =>
        ' \t\n\\'.includes(String.fromCharCode(byte))
          ? `\\${byte.toString(8).padStart(3, '0')}`
          : String.fromCharCode(byte),
      )
      const line = Buffer.from(`1 1 0:1 / /${escaped.join('')} rw - tmpfs t rw\n`, 'latin1')
      const [mount] = parseMountInfo(line)
      assert.deepEqual(mount?.mountPoint, Buffer.concat([path('/'), name]))
    }),
  )
})

test('this machine has a root', async () => {
  const mounts = await readMounts('self')
  assert.ok(mountHolding(mounts, path('/nothing/here')) !== undefined)
})
