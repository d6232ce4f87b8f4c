import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { sha256Hex } from '../format/sha256.ts'
import { scanIndexJson } from './scan-index-json.ts'

type Entry = readonly [string, string, string, number, number, number]

const id = fc.nat(1000).map((n) => sha256Hex(Buffer.from(String(n))))
const u32 = fc.nat(0xffff_ffff)

/** Members in any order and with others between them. */
function shuffled(members: fc.Arbitrary<Record<string, unknown>>): fc.Arbitrary<unknown> {
  const extra = fc.dictionary(fc.constantFrom('time', 'size', '"odd\\name', 'ü'), fc.jsonValue())
  return fc.tuple(members, extra, fc.infiniteStream(fc.nat())).map(([own, others, keys]) => {
    const all = Object.entries({ ...others, ...own })
    const weighted = all.map((member) => ({ member, key: keys.next().value }))
    weighted.sort((a, b) => a.key - b.key)
    return Object.fromEntries(weighted.map(({ member }) => member))
  })
}

const blob = shuffled(
  fc.record(
    {
      id,
      type: fc.constantFrom('data', 'tree'),
      offset: u32,
      length: u32,
      uncompressed_length: u32,
    },
    { requiredKeys: ['id', 'type', 'offset', 'length'] },
  ),
)
const pack = shuffled(fc.record({ id, blobs: fc.option(fc.array(blob, { maxLength: 4 })) }))
const file = shuffled(
  fc.record({ packs: fc.option(fc.array(pack, { maxLength: 4 })), supersedes: fc.array(id) }),
)

test('the scanner finds what JSON.parse finds, whatever the order and white space', () => {
  fc.assert(
    fc.property(file, fc.constantFrom('', ' ', '\t', '\n  '), (value, space) => {
      const text = JSON.stringify(value, undefined, space)
      assert.deepEqual(scan(text), entriesOf(JSON.parse(text)))
    }),
  )
})

test('damage is named and never crashes', () => {
  fc.assert(
    fc.property(file, fc.nat(), fc.integer({ min: 0, max: 255 }), (value, place, byte) => {
      const bytes = Buffer.from(JSON.stringify(value))
      const cut = bytes.subarray(0, place % bytes.length)
      assert.equal(typeof scan(cut), 'string')
      bytes[place % bytes.length] = byte
      assert.ok(['string', 'object'].includes(typeof scan(bytes)))
    }),
  )
})

test('what is no index file is named', () => {
  const good = { id: sha256Hex(Buffer.of(1)), type: 'data', offset: 0, length: 40 }
  const fileWith = (entry: unknown): string =>
    JSON.stringify({ packs: [{ id: good.id, blobs: [entry] }] })
  assert.deepEqual(scan(fileWith(good)), [[good.id, 'data', good.id, 0, 40, 0]])
  const damaged = [
    '',
    '[]',
    '{"packs":[{}]}',
    '{"packs":[]} x',
    '{"packs":{}}',
    fileWith({ ...good, id: 'abc' }),
    fileWith({ ...good, id: good.id.toUpperCase() }),
    fileWith({ ...good, type: 'file' }),
    fileWith({ ...good, offset: -1 }),
    fileWith({ ...good, length: 2 ** 32 }),
    fileWith({ ...good, length: 1.5 }),
    fileWith({ ...good, length: '40' }),
    fileWith({ ...good, type: undefined }),
    `{"a":${'['.repeat(100_000)}`,
  ]
  for (const text of damaged) assert.equal(typeof scan(text), 'string', text.slice(0, 100))
})

function scan(json: string | Buffer): Entry[] | string {
  const bytes = Buffer.from(json)
  const entries: Entry[] = []
  let packId = ''
  const idAt = (at: number): string => bytes.toString('latin1', at, at + 64)
  const reason = scanIndexJson(bytes, {
    pack: (at) => {
      packId = idAt(at)
    },
    blob: (type, at, offset, length, uncompressedLength) => {
      entries.push([packId, type, idAt(at), offset, length, uncompressedLength])
    },
  })
  return reason ?? entries
}

interface ParsedFile {
  readonly packs:
    | readonly { readonly id: string; readonly blobs: readonly ParsedBlob[] | null }[]
    | null
}

interface ParsedBlob {
  readonly id: string
  readonly type: string
  readonly offset: number
  readonly length: number
  readonly uncompressed_length?: number
}

function entriesOf({ packs }: ParsedFile): Entry[] {
  return (packs ?? []).flatMap(({ id: packId, blobs }) =>
    (blobs ?? []).map(({ id: blobId, type, offset, length, uncompressed_length }): Entry => {
      return [packId, type, blobId, offset, length, uncompressed_length ?? 0]
    }),
  )
}
