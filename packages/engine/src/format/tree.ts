// A tree blob: the sorted nodes of one directory (repository format, section 3.3). Its bytes are
// hashed, so the encoder must give exactly what stock restic gives.
import type { Node } from './node.ts'

export interface TreeEncoder {
  /** Nodes come strictly ascending by the raw bytes of their names (`Buffer.compare`). */
  append(node: Node): void
  /** The whole tree blob; the encoder is spent afterwards. */
  finish(): Buffer
}

export declare function createTreeEncoder(): TreeEncoder

/**
 * Iterates over the nodes without holding more than one; checks names (not empty, no slash, no
 * NUL, not `.` or `..`). Fails with `format-invalid`.
 */
export declare function decodeTree(plain: Buffer): Generator<Node, void, undefined>
