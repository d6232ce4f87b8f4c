// Walks the trees of all snapshots and looks for what is missing in them.
import { EngineError, failureOf, isEngineError } from '../engine-failure.ts'
import type { BlobId, BlobType, SnapshotId } from '../format/ids.ts'
import type { Node } from '../format/node.ts'
import type { BlobIndex } from '../index/blob-index.ts'
import type { Repository } from '../repository.ts'
import type { CheckFindings } from './check-findings.ts'
import { messageOfDamage } from './message-of-damage.ts'
import { walkTrees } from './walk-trees.ts'

export interface CheckTreesOptions {
  readonly repository: Repository
  readonly index: BlobIndex
  /** Root trees, each with a snapshot that has it. */
  readonly roots: ReadonlyMap<BlobId, SnapshotId>
  readonly findings: CheckFindings
  readonly signal: AbortSignal | undefined
}

export async function checkTrees(options: CheckTreesOptions): Promise<void> {
  const { repository, index, roots, findings, signal } = options
  let current: { readonly tree: BlobId; readonly lastName: Buffer } | undefined
  await walkTrees({
    repository: {
      index,
      backend: repository.backend,
      loadBlob: (type, id) => loadBlob(options, type, id),
    },
    roots: roots.keys(),
    signal,
    visitor: {
      visitNode(node, tree) {
        const isOrdered = current?.tree !== tree || current.lastName.compare(node.name) < 0
        if (!isOrdered) findings.add('nodes-unordered', `Names in tree ${tree} are not in order.`)
        current = { tree, lastName: node.name }
        checkNode(node, tree, options)
      },
      failTree(tree, error) {
        const snapshot = roots.get(tree)
        const place = snapshot === undefined ? '' : ` It is the root of snapshot ${snapshot}.`
        const isMissing = failureOf(error, 'blob-not-found') !== undefined
        const code = isMissing ? 'tree-missing' : 'tree-corrupt'
        const message = messageOfDamage(error)
        findings.add(code, isMissing ? message + place : `Tree ${tree}: ${message}${place}`)
      },
    },
  })
}

function checkNode(node: Node, tree: BlobId, options: CheckTreesOptions): void {
  const { findings } = options
  if (node.type === 'dir' && node.subtree === undefined) {
    findings.add('directory-without-tree', `${nameIn(node, tree)} has no tree.`)
  }
  if (node.type !== 'file') return
  if (node.content === undefined) {
    findings.add('file-without-content', `${nameIn(node, tree)} has no list of blobs.`)
    return
  }
  checkContent(node, tree, options)
}

function checkContent(node: Node, tree: BlobId, { index, findings }: CheckTreesOptions): void {
  let sizeBytes = 0
  let isComplete = true
  for (const id of node.content ?? []) {
    const entry = index.findEntry('data', id)
    if (entry === -1) {
      findings.add(
        'index-missing-blob',
        `${nameIn(node, tree)} needs blob ${id}, which no index has.`,
      )
      isComplete = false
    } else {
      sizeBytes += index.plainSizeOf('data', entry)
    }
  }
  // Only a hint: early releases stored the size from before the file was read.
  if (isComplete && BigInt(sizeBytes) !== node.size) {
    findings.add(
      'file-size-differs',
      `${nameIn(node, tree)} has size ${node.size}, its blobs have ${sizeBytes} bytes.`,
    )
  }
}

function nameIn(node: Node, tree: BlobId): string {
  return `${JSON.stringify(node.name.toString('utf8'))} in tree ${tree}`
}

/** As the repository's own, but by the index that check put together. */
async function loadBlob(
  { repository, index, signal }: CheckTreesOptions,
  type: BlobType,
  id: BlobId,
): Promise<Buffer> {
  let firstError: unknown = new EngineError({ code: 'blob-not-found', type, blobId: id })
  for (const [at, { packId, uncompressedLength, ...range }] of index
    .findCopies(type, id)
    .entries()) {
    try {
      const sealed = await repository.loadPackRange(packId, range, signal)
      return await repository.openBlob({ type, id, sealed, uncompressedLength }, signal)
    } catch (error) {
      if (!isEngineError(error)) throw error
      if (at === 0) firstError = error
    }
  }
  throw firstError
}
