// Real file systems for tests: small images, mounted for as long as a test needs them.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type TestFilesystem = 'btrfs' | 'xfs' | 'ext4' | 'tmpfs'

export interface MountedFilesystem extends Disposable {
  readonly path: string
}

/**
 * Makes and mounts a file system. Answers the reason instead when this machine cannot: tests skip
 * with it, loudly.
 */
export function mountFilesystem(
  type: TestFilesystem,
  { sizeMebibytes }: { readonly sizeMebibytes: number },
): MountedFilesystem | string {
  if (process.geteuid?.() !== 0) return `mounting ${type} needs root`
  const home = mkdtempSync(join(tmpdir(), 'holdfast-mount-'))
  const path = join(home, 'mount')
  mkdirSync(path)
  try {
    mountAt({ type, home, path, sizeMebibytes })
  } catch (error) {
    rmSync(home, { recursive: true, force: true })
    return `${type} cannot be made and mounted here: ${(error as Error).message.split('\n')[0]}`
  }
  return {
    path,
    [Symbol.dispose]() {
      unmountAll(path)
      rmSync(home, { recursive: true, force: true })
    },
  }
}

/** Bind mounts `source` at `target`; unmounted when disposed. */
export function bindMount(
  source: string,
  target: string,
  options: { readonly isReadOnly: boolean },
): Disposable {
  run('mount', ['--bind', source, target])
  if (options.isReadOnly) run('mount', ['-o', 'remount,ro,bind', target])
  return { [Symbol.dispose]: () => unmountAll(target) }
}

interface MountRequest {
  readonly type: TestFilesystem
  readonly home: string
  readonly path: string
  readonly sizeMebibytes: number
}

function mountAt({ type, home, path, sizeMebibytes }: MountRequest): void {
  if (type === 'tmpfs') {
    run('mount', ['-t', 'tmpfs', '-o', `size=${sizeMebibytes}m`, 'holdfast-test', path])
    return
  }
  const image = join(home, 'image')
  writeFileSync(image, '')
  truncateSync(image, sizeMebibytes * 1024 * 1024)
  run(`mkfs.${type}`, ['-q', image])
  // btrfs frees deleted subvolumes when it commits, by default every 30 seconds.
  run('mount', ['-o', type === 'btrfs' ? 'loop,commit=1' : 'loop', image, path])
}

/** What is mounted below goes with it, the last one first. */
function unmountAll(path: string): void {
  run('umount', ['--recursive', path])
}

function run(command: string, programArguments: readonly string[]): void {
  execFileSync(command, programArguments, { stdio: ['ignore', 'ignore', 'pipe'] })
}
