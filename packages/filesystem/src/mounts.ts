// What is mounted where, from /proc/<pid>/mountinfo; paths are bytes.
import { readFile } from 'node:fs/promises'

export interface Mount {
  /** `major:minor` of the file system's device. */
  readonly device: string
  /** The directory of the file system that is mounted; `/` for all of it. */
  readonly root: Buffer
  readonly mountPoint: Buffer
  readonly filesystemType: string
  /** Of this mount; a file system can be read-only by itself, too. */
  readonly isReadOnly: boolean
}

/** `process` is a pid, or `self`. In the kernel's order: a later mount hides an earlier one. */
export async function readMounts(process: number | 'self'): Promise<Mount[]> {
  return parseMountInfo(await readFile(`/proc/${process}/mountinfo`))
}

/** See proc_pid_mountinfo(5). Lines that are cut short are left out. */
export function parseMountInfo(text: Uint8Array): Mount[] {
  const mounts: Mount[] = []
  // latin1 keeps every byte as one character.
  for (const line of Buffer.from(text).toString('latin1').split('\n')) {
    const fields = line.split(' ')
    const separator = fields.indexOf('-', 6)
    const [, , device, root, mountPoint, options] = fields
    const filesystemType = fields[separator + 1]
    if (separator === -1 || device === undefined || root === undefined) continue
    if (mountPoint === undefined || options === undefined || filesystemType === undefined) continue
    mounts.push({
      device,
      root: unescapeField(root),
      mountPoint: unescapeField(mountPoint),
      filesystemType,
      isReadOnly: options.split(',').includes('ro'),
    })
  }
  return mounts
}

/** Mounts whose mount point lies below `directory` (an absolute, real path), itself excluded. */
export function mountsBelow(mounts: readonly Mount[], directory: Uint8Array): Mount[] {
  return mounts.filter((mount) => isPathBelow(mount.mountPoint, directory))
}

/** The mount that holds `path` (an absolute, real path). */
export function mountHolding(mounts: readonly Mount[], path: Uint8Array): Mount | undefined {
  let holding: Mount | undefined
  for (const mount of mounts) {
    const holds =
      Buffer.compare(mount.mountPoint, path) === 0 || isPathBelow(path, mount.mountPoint)
    if (holds && mount.mountPoint.length >= (holding?.mountPoint.length ?? 0)) holding = mount
  }
  return holding
}

/** True when `path` lies strictly below `directory`; both absolute, without a final slash. */
export function isPathBelow(path: Uint8Array, directory: Uint8Array): boolean {
  const isRoot = directory.length === 1 && directory[0] === SLASH
  if (isRoot) return path.length > 1
  if (path.length <= directory.length + 1 || path[directory.length] !== SLASH) return false
  return Buffer.compare(path.subarray(0, directory.length), directory) === 0
}

const SLASH = 0x2f

/** Space, tab, newline and backslash come as three octal digits. */
function unescapeField(field: string): Buffer {
  const bytes = field.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  )
  return Buffer.from(bytes, 'latin1')
}
