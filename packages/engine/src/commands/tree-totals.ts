// Counts what a tree holds in all, although trees that are shared are visited once only.
import type { ArchiveCount } from '../archiver/archive-source.ts'
import type { Node } from '../format/node.ts'

/** Trees are known by their entry numbers in an index. Takes 32 bytes per tree. */
export class TreeTotals {
  readonly #ownEntries: Float64Array
  readonly #ownBytes: Float64Array
  readonly #isTotal: Uint8Array
  /** Links to subtrees: the newest of each tree, and of each link the one before. */
  readonly #lastLink: Int32Array
  readonly #linkedTree: number[] = []
  readonly #linkBefore: number[] = []

  constructor(treeCount: number) {
    this.#ownEntries = new Float64Array(treeCount)
    this.#ownBytes = new Float64Array(treeCount)
    this.#isTotal = new Uint8Array(treeCount)
    this.#lastLink = new Int32Array(treeCount).fill(-1)
  }

  /** To be called once for each node of each tree; `subtree` is -1 unless it is a directory. */
  addNode(tree: number, node: Node, subtree: number): void {
    this.#ownEntries[tree]! += 1
    if (node.type === 'file') this.#ownBytes[tree]! += Number(node.size)
    if (subtree === -1) return
    this.#linkBefore.push(this.#lastLink[tree]!)
    this.#linkedTree.push(subtree)
    this.#lastLink[tree] = this.#linkedTree.length - 1
  }

  /** Everything below the tree, counted as often as it appears. No node may be added afterwards. */
  totalOf(root: number): ArchiveCount {
    // Each tree comes twice: as itself, then, negated, when all trees below it are done.
    const waiting = [root]
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (next < 0) {
        this.#addSubtrees(~next)
      } else if (this.#isTotal[next] === 0) {
        waiting.push(~next)
        for (let link = this.#lastLink[next]!; link !== -1; link = this.#linkBefore[link]!) {
          waiting.push(this.#linkedTree[link]!)
        }
      }
    }
    return { entries: this.#ownEntries[root]!, bytes: this.#ownBytes[root]! }
  }

  #addSubtrees(tree: number): void {
    if (this.#isTotal[tree] === 1) return
    for (let link = this.#lastLink[tree]!; link !== -1; link = this.#linkBefore[link]!) {
      const subtree = this.#linkedTree[link]!
      this.#ownEntries[tree]! += this.#ownEntries[subtree]!
      this.#ownBytes[tree]! += this.#ownBytes[subtree]!
    }
    this.#isTotal[tree] = 1
  }
}
