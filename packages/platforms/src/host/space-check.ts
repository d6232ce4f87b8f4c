// Whether what is to be restored fits, before anything is written.
import { statfsSync } from 'node:fs'
import { encodePathBytes } from '@holdfast/domain'
import type { RestoreVolume } from '../platform.ts'
import { PlatformError } from '../platform-error.ts'
import type { OpenDirectory } from './open-directory.ts'

export interface SpaceDemand {
  readonly areaParent: OpenDirectory
  readonly volume: RestoreVolume
}

/** Fails with `not-enough-space` for the first file system that lacks some. */
export function checkSpace(demands: readonly SpaceDemand[]): void {
  const byDevice = Map.groupBy(demands, ({ areaParent }) => areaParent.status().device)
  for (const [first, ...others] of byDevice.values()) {
    if (first !== undefined) checkFilesystem(first.areaParent, [first, ...others])
  }
}

/** A small file and a directory take a block each. */
const BYTES_PER_ENTRY = 4096
const GIBIBYTE = 1024 ** 3

function checkFilesystem(areaParent: OpenDirectory, demands: readonly SpaceDemand[]): void {
  const { bsize, blocks, bavail, files, ffree } = statfsSync(`/proc/self/fd/${areaParent.handle}`)
  const sizeBytes = blocks * bsize
  const freeBytes = bavail * bsize
  const path = encodePathBytes(areaParent.path)
  const entries = sum(demands.map(({ volume }) => volume.expectedEntries))
  const bytes = sum(demands.map(({ volume }) => volume.expectedBytes))
  const neededBytes = bytes + entries * BYTES_PER_ENTRY + reserveOf(sizeBytes)
  // Some file systems (btrfs) have no fixed number of inodes and say 0.
  const lacksInodes = files > 0 && ffree < entries
  if (freeBytes < neededBytes || lacksInodes) {
    throw new PlatformError({ code: 'not-enough-space', path, freeBytes, neededBytes })
  }
}

/** What stays free, as for movers: max(1 GiB, 2 %), but at most 5 %. */
function reserveOf(sizeBytes: number): number {
  return Math.ceil(Math.min(Math.max(GIBIBYTE, sizeBytes * 0.02), sizeBytes * 0.05))
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
