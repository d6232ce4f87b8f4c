import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Node } from '../format/node.ts'
import { decodeTree } from '../format/tree.ts'
import { assembleDirectory } from './directory-assembly.ts'

function nodeNamed(name: string): Node {
  return {
    name: Buffer.from(name),
    type: 'fifo',
    mode: 0o600,
    mtime: 0n,
    atime: 0n,
    ctime: 0n,
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
}

test('nodes stand in the order of their names, in whatever order they are done', async () => {
  const entries = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,4}$/), { maxLength: 40 })
  await fc.assert(
    fc.asyncProperty(entries, fc.infiniteStream(fc.nat()), async (names, random) => {
      const sorted = names.toSorted()
      const assembly = assembleDirectory()
      const placed: string[] = []
      const slots = sorted.map((name) => ({
        name,
        slot: assembly.reserve(() => placed.push(name)),
        isLeftOut: (random.next().value ?? 0) % 4 === 0,
        turn: random.next().value ?? 0,
      }))
      const finished = assembly.finish()
      for (const { name, slot, isLeftOut } of slots.toSorted((a, b) => a.turn - b.turn)) {
        slot.settle(isLeftOut ? undefined : nodeNamed(name))
      }
      const found = Array.from(decodeTree(await finished), (node) => node.name.toString())
      assert.deepEqual(
        found,
        slots.filter(({ isLeftOut }) => !isLeftOut).map(({ name }) => name),
      )
      assert.deepEqual(placed, sorted, 'each place is given back exactly once')
    }),
  )
})

test('a long directory behind one slow entry is kept and then placed', async () => {
  const assembly = assembleDirectory()
  let placed = 0
  const onPlaced = () => {
    placed += 1
  }
  const slow = assembly.reserve(onPlaced)
  for (let n = 0; n < 5000; n += 1) {
    assembly.reserve(onPlaced).settle(nodeNamed(`n${String(n).padStart(4, '0')}`))
  }
  assert.equal(placed, 0)
  slow.settle(nodeNamed('a'))
  assert.equal(placed, 5001)
  assert.equal([...decodeTree(await assembly.finish())].length, 5001)
})
