import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { failureOf } from '../engine-failure.ts'
import type { BlobId } from './ids.ts'
import { NODE_TYPES, type Node } from './node.ts'
import { createTreeEncoder, decodeTree } from './tree.ts'

const HELLO = 'fbbd69198637d5360353c39796181175de6311c2a61abe2fe6392c938018660f' as BlobId
const TIME = 1_704_164_645_000_000_000n

const EMPTY: Omit<Node, 'name' | 'type'> = {
  mode: 0,
  mtime: TIME,
  atime: TIME,
  ctime: TIME,
  uid: 0,
  gid: 0,
  user: '',
  group: '',
  inode: 0n,
  deviceId: 0n,
  size: 0n,
  links: 0n,
  extendedAttributes: [],
  device: 0n,
}
const TIMES =
  '"mtime":"2024-01-02T03:04:05Z","atime":"2024-01-02T03:04:05Z","ctime":"2024-01-02T03:04:05Z"'

function encode(nodes: readonly Node[]): Buffer {
  const encoder = createTreeEncoder()
  for (const node of nodes) encoder.append(node)
  return encoder.finish()
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function nodeText(node: Node): string {
  return encode([node]).toString('utf8').slice('{"nodes":['.length, -']}\n'.length)
}

function refuses(text: string, reason: RegExp): void {
  assert.throws(
    () => [...decodeTree(Buffer.from(text))],
    (error) => reason.test(failureOf(error, 'format-invalid')?.reason ?? ''),
    text,
  )
}

test('the empty tree and the golden tree have the ids of the reference', () => {
  assert.equal(
    sha256(encode([])),
    'ac08ce34ba4f8123618661bef2425f7028ffb9ac740578a3ee88684d2523fee8',
  )
  const golden = encode([
    {
      ...EMPTY,
      name: Buffer.from('hello.txt'),
      type: 'file',
      mode: 420,
      size: 13n,
      links: 1n,
      content: [HELLO],
    },
  ])
  assert.equal(golden.length, 266)
  assert.equal(sha256(golden), '5f1f229b0b601b6045e2a46d3448cf0360e076d856265bbe3dc547d5c5b8a4cc')
})

test('members are in order, present and absent as stock writes them', () => {
  assert.equal(
    nodeText({
      ...EMPTY,
      name: Buffer.from('d'),
      type: 'dir',
      mode: 2147484141,
      uid: 1000,
      gid: 4_294_967_294,
      user: 'a<b',
      group: 'g',
      inode: 18446744073709551615n,
      deviceId: 9007199254740993n,
      subtree: HELLO,
    }),
    `{"name":"d","type":"dir","mode":2147484141,${TIMES},"uid":1000,"gid":4294967294,` +
      '"user":"a\\u003cb","group":"g","inode":18446744073709551615,' +
      `"device_id":9007199254740993,"content":null,"subtree":"${HELLO}"}`,
  )
  assert.equal(
    nodeText({
      ...EMPTY,
      name: Buffer.from('l'),
      type: 'symlink',
      mode: 134218239,
      links: 1n,
      linkTarget: Buffer.concat([Buffer.from('inv'), Buffer.of(0xff, 0xfe), Buffer.from('"q')]),
    }),
    `{"name":"l","type":"symlink","mode":134218239,${TIMES},"uid":0,"gid":0,"links":1,` +
      '"linktarget":"inv\\ufffd\\ufffd\\"q","linktarget_raw":"aW52//4icQ==","content":null}',
  )
  assert.equal(
    nodeText({
      ...EMPTY,
      name: Buffer.from('c'),
      type: 'chardev',
      device: 259n,
      extendedAttributes: [
        { name: Buffer.from('user.a'), value: Buffer.of(0, 255) },
        { name: Buffer.from('user.empty'), value: Buffer.alloc(0) },
      ],
      genericAttributes: { 'windows.z': 1, 'windows.a': { LowDateTime: 2 } },
    }),
    `{"name":"c","type":"chardev",${TIMES},"uid":0,"gid":0,"extended_attributes":` +
      '[{"name":"user.a","value":"AP8="},{"name":"user.empty","value":""}],' +
      '"generic_attributes":{"windows.a":{"LowDateTime":2},"windows.z":1},' +
      '"device":259,"content":null}',
  )
  assert.match(
    nodeText({ ...EMPTY, name: Buffer.of(97), type: 'file', content: [] }),
    /"content":\[\]/,
  )
})

test('nodes are sorted by raw bytes; disorder and repetition are refused', () => {
  const ordered = ['A', 'a', 'a-', 'a.b', 'aa', "a'", 'a\u00cc', '\uff5e', '\u{10000}']
    .map((name) => Buffer.from(name))
    .concat(Buffer.of(0x61, 0xcc))
    .toSorted(Buffer.compare)
  const nodes = ordered.map((name): Node => ({ ...EMPTY, name, type: 'fifo' }))
  const names = [...decodeTree(encode(nodes))].map((node) => node.name)
  assert.deepEqual(names, ordered)
  assert.ok(
    names.findIndex((name) => name.equals(Buffer.from('\uff5e'))) <
      names.findIndex((name) => name.equals(Buffer.from('\u{10000}'))),
  )
  assert.throws(() => encode([nodes[1]!, nodes[0]!]), /ascending/)
  assert.throws(() => encode([nodes[0]!, nodes[0]!]), /ascending/)
})

test('names that would lead out of a directory are refused, in both directions', () => {
  for (const name of ['', '.', '..', 'a/b', '/', 'a\0']) {
    assert.throws(
      () => encode([{ ...EMPTY, name: Buffer.from(name), type: 'fifo' }]),
      /not the name/,
    )
    refuses(
      `{"nodes":[{"name":${JSON.stringify(name.replace('\0', '\\x00'))},"type":"fifo"}]}`,
      /name/,
    )
  }
  assert.doesNotThrow(() => encode([{ ...EMPTY, name: Buffer.from('...'), type: 'fifo' }]))
})

test('any valid JSON is read: order, white space, unknown members, missing members', () => {
  const text = ` {"x":[{"y":[1.5e3,true,null]}],"nodes" : [ {"type":"file" , "future":{"a":"\\"]}"},
    "content":["${HELLO}"], "name":"\\u0061\\\\n","linktarget":null,"size":18446744073709551615 } ] }\n\n`
  const [node, ...others] = [...decodeTree(Buffer.from(text))]
  assert.equal(others.length, 0)
  assert.deepEqual(node?.name, Buffer.from('a\n'))
  assert.equal(node?.size, 2n ** 64n - 1n)
  assert.deepEqual(node?.content, [HELLO])
  assert.deepEqual([...decodeTree(Buffer.from('{"nodes":null}'))], [])
})

test('strings that repeat are read anew when they differ or have escapes', () => {
  const node = (name: string, user: string, time: string) =>
    `{"name":"${name}","type":"fifo","user":"${user}","mtime":"${time}","atime":"${time}"}`
  const times = ['2024-01-02T03:04:05Z', '2024-01-02T03:04:06Z', '2024-01-02T03:04:05Z']
  const users = ['u', '\\u0075', 'v']
  const nodes = times.map((time, at) => node(`n${at}`, users[at]!, time))
  const decoded = [...decodeTree(Buffer.from(`{"nodes":[${nodes.join(',')}]}`))]
  assert.deepEqual(
    decoded.map(({ user, mtime, atime }) => [user, mtime - TIME, atime - TIME]),
    [
      ['u', 0n, 0n],
      ['u', 1_000_000_000n, 1_000_000_000n],
      ['v', 0n, 0n],
    ],
  )
})

test('what is not a tree is refused with a reason', () => {
  refuses('', /an object is missing/)
  refuses('{}', /nodes is missing/)
  refuses('[]', /an object is missing/)
  refuses('{"nodes":[]} {', /more bytes/)
  refuses('{"nodes":[}', /missing/)
  refuses('{"nodes":[{"type":"file"}]}', /without a name/)
  refuses('{"nodes":[{"name":"a"}]}', /without a type/)
  refuses('{"nodes":[{"name":"a","type":"door"}]}', /unknown node type/)
  refuses('{"nodes":[{"name":"a","type":"file","size":-1}]}', /not an unsigned number/)
  refuses('{"nodes":[{"name":"a","type":"file","size":18446744073709551616}]}', /64 bits/)
  refuses('{"nodes":[{"name":"a","type":"file","mode":4294967296}]}', /32 bits/)
  refuses('{"nodes":[{"name":"a","type":"file","mtime":"yesterday"}]}', /RFC 3339/)
  refuses('{"nodes":[{"name":"a","type":"dir","subtree":"abc"}]}', /not an id/)
  refuses('{"nodes":[{"name":"a","type":"symlink","linktarget_raw":"%"}]}', /not base64/)
  refuses('{"nodes":[{"name":"a', /without end/)
  refuses('{"nodes":[{"name":"\\z","type":"file"}]}', /not JSON/)
  refuses(`{"x":${'['.repeat(100)}${']'.repeat(100)},"nodes":[]}`, /nested/)
})

test('truncated and damaged trees fail as format-invalid and nothing else', () => {
  const bytes = encode([{ ...EMPTY, name: Buffer.from('n\u00e9'), type: 'file', content: [HELLO] }])
  const damage = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(bytes.length))
  fc.assert(
    fc.property(damage, ([offset, byte, length]) => {
      const damaged = Buffer.from(bytes)
      damaged[offset] = byte
      try {
        for (const _ of decodeTree(damaged.subarray(0, length)));
      } catch (error) {
        assert.ok(failureOf(error, 'format-invalid'), String(error))
      }
    }),
    { numRuns: 1000 },
  )
})

test('every tree comes back, and its bytes too', () => {
  fc.assert(
    fc.property(fc.uniqueArray(arbitraryNode(), { selector: nameKey, maxLength: 8 }), (nodes) => {
      const sorted = nodes.toSorted((left, right) => left.name.compare(right.name))
      const bytes = encode(sorted)
      const decoded = [...decodeTree(bytes)]
      assert.deepEqual(decoded, sorted)
      assert.ok(encode(decoded).equals(bytes))
    }),
    { numRuns: 300 },
  )
})

function nameKey(node: Node): string {
  return node.name.toString('hex')
}

function arbitraryNode(): fc.Arbitrary<Node> {
  const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
  const u32 = fc.nat(0xffffffff)
  const time = fc.bigInt({ min: -(2n ** 40n), max: 2n ** 62n })
  const text = fc.string({ unit: 'binary' }).map((value) => value.toWellFormed())
  const bytes = fc.uint8Array({ maxLength: 20 }).map((value) => Buffer.from(value))
  const id = fc
    .uint8Array({ minLength: 32, maxLength: 32 })
    .map((value) => Buffer.from(value).toString('hex') as BlobId)
  return fc.record(
    {
      name: fc
        .uint8Array({ minLength: 1, maxLength: 12 })
        .map((value) => Buffer.from(value.map((byte) => (byte === 0 || byte === 0x2f ? 1 : byte))))
        .filter((value) => !['.', '..'].includes(value.toString('latin1'))),
      type: fc.constantFrom(...NODE_TYPES),
      mode: u32,
      mtime: time,
      atime: time,
      ctime: time,
      uid: u32,
      gid: u32,
      user: text,
      group: text,
      inode: u64,
      deviceId: u64,
      size: u64,
      links: u64,
      linkTarget: bytes.filter((value) => value.length > 0),
      extendedAttributes: fc.array(
        fc.record(
          { name: text.map((value) => Buffer.from(value)), value: bytes },
          { noNullPrototype: true },
        ),
        { maxLength: 3 },
      ),
      genericAttributes: fc.constant({ 'windows.file_attributes': 32 }),
      device: u64,
      content: fc.array(id, { maxLength: 3 }),
      subtree: id,
      error: text,
    },
    {
      requiredKeys: [
        ...(['name', 'type', 'mode', 'mtime', 'atime', 'ctime', 'uid', 'gid', 'user'] as const),
        ...(['group', 'inode', 'deviceId', 'size', 'links', 'extendedAttributes'] as const),
        'device',
      ],
      noNullPrototype: true,
    },
  )
}

test('a file of very many chunks is written in parts', () => {
  const content = Array.from({ length: 10_000 }, () => HELLO)
  const node: Node = { ...EMPTY, name: Buffer.from('big'), type: 'file', content }
  const [decoded] = [...decodeTree(encode([node]))]
  assert.deepEqual(decoded, node)
})
