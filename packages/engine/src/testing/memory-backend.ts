// A repository in memory.

import type { Backend, ByteRange, ObjectHandle, ObjectKind } from '../backend/backend.ts'
import { EngineError } from '../engine-failure.ts'

export interface MemoryBackend extends Backend {
  /** The stored bytes by `kind/name`; tests may look into them and damage them. */
  readonly objects: Map<string, Buffer>
}

export function memoryBackend(): MemoryBackend {
  const objects = new Map<string, Buffer>()
  return {
    objects,
    url: 'memory:',
    connections: 4,
    async create(signal) {
      signal?.throwIfAborted()
    },
    async save(handle, content, signal) {
      signal?.throwIfAborted()
      objects.set(keyOf(handle), Buffer.concat(content))
    },
    async load(handle, range, signal) {
      signal?.throwIfAborted()
      return cut(handle, stored(objects, handle), range)
    },
    async stat(handle, signal) {
      signal?.throwIfAborted()
      return { name: handle.name, sizeBytes: stored(objects, handle).length }
    },
    async *list(kind, signal) {
      for (const [key, content] of objects) {
        signal?.throwIfAborted()
        if (kindOf(key) === kind) yield { name: nameOf(key), sizeBytes: content.length }
      }
    },
    async remove(handle, signal) {
      signal?.throwIfAborted()
      stored(objects, handle)
      objects.delete(keyOf(handle))
    },
    async listLeftovers(signal) {
      signal?.throwIfAborted()
      return []
    },
    async removeLeftovers(signal) {
      signal?.throwIfAborted()
      return 0
    },
  }
}

function stored(objects: ReadonlyMap<string, Buffer>, handle: ObjectHandle): Buffer {
  const content = objects.get(keyOf(handle))
  if (content !== undefined) return content
  const { kind, name } = handle
  throw new EngineError({ code: 'object-not-found', kind, name })
}

/** A copy: what a caller does with its buffer must not reach the store. */
function cut({ kind, name }: ObjectHandle, content: Buffer, range: ByteRange | undefined): Buffer {
  const { offset, length } = range ?? { offset: 0, length: content.length }
  const part = Buffer.from(content.subarray(offset, offset + length))
  if (part.length === length) return part
  const sizes = { expectedBytes: length, foundBytes: part.length }
  throw new EngineError({ code: 'object-truncated', kind, name, ...sizes })
}

function keyOf({ kind, name }: ObjectHandle): string {
  return `${kind}/${name}`
}

function kindOf(key: string): ObjectKind {
  return key.slice(0, key.indexOf('/')) as ObjectKind
}

function nameOf(key: string): string {
  return key.slice(key.indexOf('/') + 1)
}
