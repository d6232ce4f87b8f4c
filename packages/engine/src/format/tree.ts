// A tree blob: the sorted nodes of one directory (repository format, section 3.3). Its bytes are
// hashed, so the encoder must give exactly what stock restic gives.
import { createNodeDecoder } from './decode-node.ts'
import { encodeNode } from './encode-node.ts'
import { failFormat } from './format-failure.ts'
import { JsonReader } from './json-reader.ts'
import type { Node, WritableNode } from './node.ts'

export interface TreeEncoder {
  /** Nodes come strictly ascending by the raw bytes of their names (`Buffer.compare`). */
  append(node: WritableNode): void
  /** The whole tree blob, in memory of its own; the encoder is spent afterwards. */
  finish(): Buffer
}

const INITIAL_BYTES = 4096
const END = ']}\n'

export function createTreeEncoder(): TreeEncoder {
  let bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES)
  let length = bytes.write('{"nodes":[')
  let last: Buffer | undefined

  function write(text: string): void {
    // A UTF-16 unit never takes more than three bytes of UTF-8.
    const needed = length + text.length * 3
    if (needed > bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, bytes.length * 2))
      bytes.copy(larger, 0, 0, length)
      bytes = larger
    }
    length += bytes.write(text, length)
  }

  return {
    append(node) {
      assertNodeName(node.name)
      if (last !== undefined) {
        if (last.compare(node.name) >= 0) failFormat('tree', 'nodes are not in ascending order')
        write(',')
      }
      last = node.name
      for (const part of encodeNode(node)) write(part)
    },
    finish() {
      write(END)
      // Its own memory, of the right size: the writer of blobs may hand it to another thread.
      return Buffer.from(bytes.buffer.transfer(length))
    },
  }
}

/**
 * Iterates over the nodes without holding more than one. Names are safe to join to a path: not
 * empty, without slash and NUL, neither `.` nor `..`. Fails with `format-invalid`; the order of
 * nodes is not looked at, since old versions of stock did not guarantee it.
 */
export function* decodeTree(plain: Buffer): Generator<Node, void, undefined> {
  const reader = new JsonReader(plain, 'tree')
  let hasNodes = false
  for (const member of reader.members()) {
    if (member === 'nodes' && !hasNodes) {
      hasNodes = true
      if (!reader.acceptNull()) yield* readNodes(reader)
    } else {
      reader.skipValue()
    }
  }
  reader.expectEnd()
  if (!hasNodes) failFormat('tree', 'nodes is missing')
}

function* readNodes(reader: JsonReader): Generator<Node, void, undefined> {
  const decodeNode = createNodeDecoder(reader)
  for (const _ of reader.items()) {
    const node = decodeNode()
    assertNodeName(node.name)
    yield node
  }
}

function assertNodeName(name: Buffer): void {
  const isDots = (name.length === 1 || name.length === 2) && name.every((byte) => byte === 0x2e)
  if (name.length === 0 || isDots || name.includes(0x2f) || name.includes(0)) {
    failFormat('tree', `${JSON.stringify(name.toString('latin1'))} is not the name of an entry`)
  }
}
