import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Node } from '../format/node.ts'
import { TreeTotals } from './tree-totals.ts'

interface PlainTree {
  /** Sizes of its files. */
  readonly files: readonly number[]
  /** Numbers of its subtrees, all higher than its own: trees have no cycles. */
  readonly subtrees: readonly number[]
}

function plainTotal(trees: readonly PlainTree[], root: number): { entries: number; bytes: number } {
  const { files, subtrees } = trees[root]!
  const below = subtrees.map((subtree) => plainTotal(trees, subtree))
  return {
    entries: files.length + subtrees.length + below.reduce((sum, { entries }) => sum + entries, 0),
    bytes: files.concat(below.map(({ bytes }) => bytes)).reduce((sum, bytes) => sum + bytes, 0),
  }
}

function totalsOf(trees: readonly PlainTree[]): TreeTotals {
  const totals = new TreeTotals(trees.length)
  for (const [tree, { files, subtrees }] of trees.entries()) {
    for (const size of files) {
      totals.addNode(tree, { type: 'file', size: BigInt(size) } as Node, -1)
    }
    for (const subtree of subtrees) totals.addNode(tree, { type: 'dir' } as Node, subtree)
  }
  return totals
}

test('shared trees count as often as they appear', () => {
  const count = 8
  const tree = (number: number) =>
    fc.record({
      files: fc.array(fc.nat(1000), { maxLength: 3 }),
      subtrees:
        number === count - 1
          ? fc.constant([])
          : fc.array(fc.integer({ min: number + 1, max: count - 1 }), { maxLength: 3 }),
    })
  fc.assert(
    fc.property(
      fc.tuple(...Array.from({ length: count }, (_, at) => tree(at))),
      fc.nat(count - 1),
      (trees, root) => {
        const totals = totalsOf(trees)
        assert.deepEqual(totals.totalOf(root), plainTotal(trees, root))
        assert.deepEqual(totals.totalOf(0), plainTotal(trees, 0))
      },
    ),
  )
})

test('a directory of very many directories, and a very deep one, are counted', () => {
  const wide = [
    { files: [], subtrees: Array.from({ length: 100_000 }, () => 1) },
    { files: [1], subtrees: [] },
  ]
  assert.deepEqual(totalsOf(wide).totalOf(0), { entries: 200_000, bytes: 100_000 })
  const deep = Array.from({ length: 50_000 }, (_, at) => ({
    files: [1],
    subtrees: at === 49_999 ? [] : [at + 1],
  }))
  assert.deepEqual(totalsOf(deep).totalOf(0), { entries: 99_999, bytes: 50_000 })
})
