// Names of users and groups, from the passwd and group databases of this machine.
import { readFileSync } from 'node:fs'

export interface OwnerNames {
  /** Empty when the id has no name, as the format wants it. */
  userName(uid: number): string
  groupName(gid: number): string
}

/** Reads the two files once; one that is not there knows no names. */
export function readOwnerNames(): OwnerNames {
  const users = namesById('/etc/passwd')
  const groups = namesById('/etc/group')
  return {
    userName: (uid) => users.get(uid) ?? '',
    groupName: (gid) => groups.get(gid) ?? '',
  }
}

/** Both files are lines of `name:password:id:…`; of several names for an id the first counts. */
function namesById(path: string): ReadonlyMap<number, string> {
  const names = new Map<number, string>()
  for (const line of readLines(path)) {
    const [name, , id] = line.split(':')
    if (name === undefined || id === undefined || !/^\d+$/.test(id)) continue
    if (!names.has(Number(id))) names.set(Number(id), name)
  }
  return names
}

function readLines(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8').split('\n')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}
