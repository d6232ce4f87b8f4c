// Marks every blob that some snapshot needs.
import { EngineError } from '../engine-failure.ts'
import type { BlobId } from '../format/ids.ts'
import type { Node } from '../format/node.ts'
import type { Repository } from '../repository.ts'
import type { BlobMarks } from './pack-usage.ts'
import { walkTrees } from './walk-trees.ts'

/**
 * 1 at the first copy of each blob that is reachable from `roots`. Whatever is missing or
 * unreadable on the way fails: what lies below it would look as if nobody needed it.
 */
export async function markNeededBlobs(
  repository: Repository,
  roots: Iterable<BlobId>,
  signal: AbortSignal | undefined,
): Promise<BlobMarks> {
  const { index } = repository
  const data = new Uint8Array(index.blobCount('data'))
  const tree = await walkTrees({
    repository,
    roots,
    signal,
    visitor: {
      visitNode(node, treeId) {
        assertComplete(node, treeId)
        for (const id of node.content ?? []) {
          const entry = index.findEntry('data', id)
          if (entry === -1) {
            throw new EngineError({ code: 'blob-not-found', type: 'data', blobId: id })
          }
          data[entry] = 1
        }
      },
      failTree(_tree, error) {
        throw error
      },
    },
  })
  return { data, tree }
}

/** A directory without a tree, or a file without a list, is damage: it must not end as deletion. */
function assertComplete(node: Node, tree: BlobId): void {
  const isComplete =
    (node.type !== 'file' || node.content !== undefined) &&
    (node.type !== 'dir' || node.subtree !== undefined)
  if (isComplete) return
  const name = JSON.stringify(node.name.toString('utf8'))
  const reason = `its ${node.type} ${name} has no ${node.type === 'file' ? 'content' : 'subtree'}`
  throw new EngineError({ code: 'blob-corrupt', type: 'tree', blobId: tree, reason })
}
