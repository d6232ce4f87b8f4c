import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BlobId } from '../format/ids.ts'
import type { Node } from '../format/node.ts'
import { trackHardLinks } from './hard-links.ts'

test('a further name of a file gets the first one, byte for byte, until all were seen', () => {
  const links = trackHardLinks()
  const node = fileOf('aba', 3n)
  const first = Buffer.from([0x66, 0xff, 0x2f, 0xc3, 0xa4])
  assert.equal(links.firstPathOf(first, node), undefined)
  assert.deepEqual(links.firstPathOf(Buffer.from('second'), node), first)
  assert.deepEqual(links.firstPathOf(Buffer.from('third'), node), first)
  assert.equal(links.firstPathOf(Buffer.from('another'), node), undefined)
})

test('files that differ only in the middle of their content are not one', () => {
  const links = trackHardLinks()
  assert.equal(links.firstPathOf(Buffer.from('one'), fileOf('aba', 2n)), undefined)
  assert.equal(links.firstPathOf(Buffer.from('other'), fileOf('aca', 2n)), undefined)
  assert.deepEqual(links.firstPathOf(Buffer.from('again'), fileOf('aba', 2n)), Buffer.from('one'))
})

test('a file with one name is not remembered', () => {
  const links = trackHardLinks()
  assert.equal(links.firstPathOf(Buffer.from('one'), fileOf('aba', 1n)), undefined)
  assert.equal(links.firstPathOf(Buffer.from('two'), fileOf('aba', 1n)), undefined)
})

/** Each letter of `content` stands for a blob. */
function fileOf(content: string, links: bigint): Node {
  return {
    name: Buffer.from('file'),
    type: 'file',
    mode: 0o644,
    mtime: 0n,
    atime: 0n,
    ctime: 0n,
    uid: 0,
    gid: 0,
    user: '',
    group: '',
    inode: 7n,
    deviceId: 1n,
    size: 3n,
    links,
    device: 0n,
    extendedAttributes: [],
    content: [...content].map((letter) => letter.repeat(64) as BlobId),
  }
}
