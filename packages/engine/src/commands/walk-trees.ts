// Visits every tree below some roots once, however many snapshots share it.
import { EngineError } from '../engine-failure.ts'
import type { BlobId } from '../format/ids.ts'
import type { Node } from '../format/node.ts'
import { decodeTree } from '../format/tree.ts'
import type { BlobIndex } from '../index/blob-index.ts'
import type { BlobReader } from '../repository.ts'

export interface TreeVisitor {
  /** Called for each node of each tree, in the order of the tree. */
  readonly visitNode: (node: Node, tree: BlobId) => void
  /**
   * The tree is not in the index (`blob-not-found`), cannot be read or is no tree. What lies below
   * it stays unseen; throwing ends the walk.
   */
  readonly failTree: (tree: BlobId, error: unknown) => void
}

export interface WalkTreesOptions {
  readonly repository: Pick<BlobReader, 'loadBlob'> & {
    readonly index: BlobIndex
    readonly backend: { readonly connections: number }
  }
  readonly roots: Iterable<BlobId>
  readonly visitor: TreeVisitor
  readonly signal: AbortSignal | undefined
}

/** Plain bytes of trees that are loaded ahead; one larger tree is loaded by itself. */
const BYTES_AHEAD_MAX = 32 * 1024 * 1024

/**
 * Answers marks by entry number of the index: 1 for the first copy of each tree that was reached.
 * Takes one byte per tree of the index and eight per tree that waits.
 */
export async function walkTrees({
  repository,
  roots,
  visitor,
  signal,
}: WalkTreesOptions): Promise<Uint8Array> {
  const { index } = repository
  const reached = new Uint8Array(index.blobCount('tree'))
  const missing = new Set<BlobId>()
  /** Entry numbers: a directory may have millions of subdirectories. */
  const waiting: number[] = []

  function reach(tree: BlobId): void {
    const entry = index.findEntry('tree', tree)
    if (entry === -1) {
      if (missing.has(tree)) return
      missing.add(tree)
      const failure = { code: 'blob-not-found', type: 'tree', blobId: tree } as const
      visitor.failTree(tree, new EngineError(failure))
    } else if (reached[entry] === 0) {
      reached[entry] = 1
      waiting.push(entry)
    }
  }

  for (const root of roots) reach(root)
  const loads = new LoadAhead(repository, signal)
  for (;;) {
    while (waiting.length > 0 && loads.hasRoomFor(waiting.at(-1)!)) loads.begin(waiting.pop()!)
    const load = loads.take()
    if (load === undefined) return reached
    try {
      for (const node of decodeTree(await load.bytes)) {
        visitor.visitNode(node, load.tree)
        if (node.type === 'dir' && node.subtree !== undefined) reach(node.subtree)
      }
    } catch (error) {
      signal?.throwIfAborted()
      visitor.failTree(load.tree, error)
    }
  }
}

interface TreeLoad {
  readonly tree: BlobId
  readonly sizeBytes: number
  readonly bytes: Promise<Buffer>
}

/** Keeps a few requests running, since each may take long on a remote store. */
class LoadAhead {
  readonly #repository: WalkTreesOptions['repository']
  readonly #signal: AbortSignal | undefined
  readonly #running: TreeLoad[] = []
  #runningBytes = 0

  constructor(repository: WalkTreesOptions['repository'], signal: AbortSignal | undefined) {
    this.#repository = repository
    this.#signal = signal
  }

  hasRoomFor(entry: number): boolean {
    if (this.#running.length === 0) return true
    const sizeBytes = this.#repository.index.plainSizeOf('tree', entry)
    return (
      this.#running.length < this.#repository.backend.connections &&
      this.#runningBytes + sizeBytes <= BYTES_AHEAD_MAX
    )
  }

  begin(entry: number): void {
    const tree = this.#repository.index.blobIdOf('tree', entry)
    const sizeBytes = this.#repository.index.plainSizeOf('tree', entry)
    const bytes = this.#repository.loadBlob('tree', tree, this.#signal)
    // The walk may end at an earlier failure and never look at this one.
    bytes.catch(() => undefined)
    this.#running.push({ tree, sizeBytes, bytes })
    this.#runningBytes += sizeBytes
  }

  take(): TreeLoad | undefined {
    const load = this.#running.shift()
    if (load !== undefined) this.#runningBytes -= load.sizeBytes
    return load
  }
}
