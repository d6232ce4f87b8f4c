// A file system that is soon full.
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'

export async function withSmallFilesystem(
  mountPoint: string,
  sizeMebibytes: number,
  use: (mountPoint: string) => Promise<void>,
): Promise<void> {
  mkdirSync(mountPoint)
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMebibytes}m`, 'tmpfs', mountPoint])
  try {
    await use(mountPoint)
  } finally {
    execFileSync('umount', [mountPoint])
  }
}
