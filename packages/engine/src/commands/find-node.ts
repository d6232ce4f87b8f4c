// Finds a node in a snapshot's tree by its path.
import type { BlobId } from '../format/ids.ts'
import type { Node } from '../format/node.ts'
import { decodeTree } from '../format/tree.ts'
import type { BlobReader } from '../repository.ts'

/** `/shop/data` as the names of nodes from the root down. */
export function pathComponents(logicalPath: string): Buffer[] {
  return logicalPath
    .split('/')
    .filter((component) => component !== '')
    .map((component) => Buffer.from(component))
}

/** Undefined when the path is not there. The root itself has no node. */
export async function findNode(
  repository: BlobReader,
  { tree, components }: { readonly tree: BlobId; readonly components: readonly Buffer[] },
  signal: AbortSignal | undefined,
): Promise<Node | undefined> {
  let subtree: BlobId | undefined = tree
  let node: Node | undefined
  for (const component of components) {
    if (subtree === undefined) return undefined
    node = findInTree(await repository.loadBlob('tree', subtree, signal), component)
    subtree = node?.subtree
  }
  return node
}

function findInTree(tree: Buffer, name: Buffer): Node | undefined {
  for (const node of decodeTree(tree)) if (node.name.equals(name)) return node
  return undefined
}
