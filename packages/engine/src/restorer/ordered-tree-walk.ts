// Walks one tree of a repository in order: a directory, what it holds, then its end.
import { EngineError } from '../engine-failure.ts'
import type { Node } from '../format/node.ts'
import { decodeTree } from '../format/tree.ts'
import type { BlobReader } from '../repository.ts'

export interface TreeStep {
  /** `leave` comes after the last entry of a directory. */
  readonly kind: 'enter' | 'entry' | 'leave'
  /** Below the root; empty for the root itself. */
  readonly path: Buffer
  readonly node: Node
}

/**
 * `root` is a directory's node. Holds one tree for each level, so memory does not depend on the
 * number of entries. Names are safe to join (see `decodeTree`). Fails with `format-invalid` when a
 * directory has no tree or two entries have one name.
 */
export async function* walkTreeInOrder(
  repository: BlobReader,
  root: Node,
  signal: AbortSignal | undefined,
): AsyncGenerator<TreeStep, void, undefined> {
  const rootPath = Buffer.alloc(0)
  yield { kind: 'enter', path: rootPath, node: root }
  const open = [await openLevel(repository, rootPath, root, signal)]
  for (let level = open.at(-1); level !== undefined; level = open.at(-1)) {
    const next = level.nodes.next()
    if (next.done === true) {
      open.pop()
      yield { kind: 'leave', path: level.path, node: level.node }
      continue
    }
    const node = next.value
    assertNewName(level, node)
    const path = joinPath(level.path, node.name)
    if (node.type !== 'dir') {
      yield { kind: 'entry', path, node }
    } else {
      yield { kind: 'enter', path, node }
      open.push(await openLevel(repository, path, node, signal))
    }
  }
}

interface Level {
  readonly path: Buffer
  readonly node: Node
  readonly nodes: Iterator<Node, void, undefined>
  lastName: Buffer | undefined
}

const SLASH = Buffer.from('/')

async function openLevel(
  repository: BlobReader,
  path: Buffer,
  node: Node,
  signal: AbortSignal | undefined,
): Promise<Level> {
  if (node.subtree === undefined) {
    const reason = `the directory '${path}' has no tree`
    throw new EngineError({ code: 'format-invalid', part: 'tree', reason })
  }
  const tree = await repository.loadBlob('tree', node.subtree, signal)
  return { path, node, nodes: decodeTree(tree), lastName: undefined }
}

/** Names ascend in every tree that stock restic wrote since 0.3; two equal ones are an attack. */
function assertNewName(level: Level, node: Node): void {
  if (level.lastName !== undefined && level.lastName.compare(node.name) >= 0) {
    const reason = `the names in '${level.path}' do not ascend`
    throw new EngineError({ code: 'format-invalid', part: 'tree', reason })
  }
  level.lastName = node.name
}

function joinPath(above: Buffer, name: Buffer): Buffer {
  return above.length === 0 ? name : Buffer.concat([above, SLASH, name])
}
