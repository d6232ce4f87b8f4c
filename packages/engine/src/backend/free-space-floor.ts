// Stops writing before the file system is so full that others suffer.
import { EngineError } from '../engine-failure.ts'
import type { Backend, ObjectKind } from './backend.ts'

export interface Space {
  /** What an ordinary user may still take. */
  readonly freeBytes: number
  readonly totalBytes: number
}

export interface FreeSpaceFloorOptions {
  /** Named in the failure. */
  readonly path: string
  /** Asked before each pack, that is about every 16 MiB. */
  readonly measure: () => Promise<Space>
}

const GIBIBYTE = 1024 ** 3

/**
 * Packs are what fills a disk, and a new repository begins with a key: only these are refused.
 * The small files with which a repository is left clean (index, snapshot, lock) always pass.
 */
const REFUSED_KINDS: ReadonlySet<ObjectKind> = new Set(['data', 'keys'])

/** Bytes that must stay free: max(1 GiB, 2 %), but never more than 5 % of the file system. */
export function freeSpaceFloor(totalBytes: number): number {
  return Math.floor(Math.min(Math.max(GIBIBYTE, totalBytes * 0.02), totalBytes * 0.05))
}

/** A save that would go below the floor fails with `no-space` before anything is written. */
export function withFreeSpaceFloor(
  backend: Backend,
  { path, measure }: FreeSpaceFloorOptions,
): Backend {
  // Saves that run at once must not each believe the same bytes to be free.
  let savingBytes = 0
  return {
    ...backend,
    async save(handle, content, signal) {
      if (!REFUSED_KINDS.has(handle.kind)) return await backend.save(handle, content, signal)
      const sizeBytes = content.reduce((sum, part) => sum + part.length, 0)
      savingBytes += sizeBytes
      try {
        const { freeBytes, totalBytes } = await measure()
        const neededBytes = savingBytes + freeSpaceFloor(totalBytes)
        if (freeBytes < neededBytes) {
          throw new EngineError({ code: 'no-space', path, freeBytes, neededBytes })
        }
        await backend.save(handle, content, signal)
      } finally {
        savingBytes -= sizeBytes
      }
    },
  }
}
