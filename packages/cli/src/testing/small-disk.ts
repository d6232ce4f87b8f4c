// A small file system of a test's own, to run full.
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface SmallDisk {
  readonly path: string
  freeBytes(): number
  /** Leaves this much; a second call replaces the first. */
  fillUntil(freeBytes: number): void
  /** Gives the space back. */
  empty(): void
  setReadOnly(isReadOnly: boolean): void
  unmount(): void
}

/** For the `skip` option of a test: false, or what is missing. */
export const MOUNT_MISSING =
  process.getuid?.() === 0 ? false : 'no right to mount: run the tests as root to try full disks'

/** Mounts a tmpfs at `path`, which is made when missing. */
export function mountSmallDisk(path: string, bytes: number): SmallDisk {
  mkdirSync(path, { recursive: true })
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=0755`, 'holdfast-test', path])
  const filler = join(path, '.holdfast-filler')
  const disk: SmallDisk = {
    path,
    freeBytes() {
      const { bavail, bsize } = statfsSync(path)
      return bavail * bsize
    },
    fillUntil(freeBytes) {
      disk.empty()
      writeFileSync(filler, Buffer.alloc(Math.max(0, disk.freeBytes() - freeBytes)))
    },
    empty: () => rmSync(filler, { force: true }),
    setReadOnly(isReadOnly) {
      execFileSync('mount', ['-o', `remount,${isReadOnly ? 'ro' : 'rw'}`, path])
    },
    unmount: () => execFileSync('umount', [path]),
  }
  return disk
}
