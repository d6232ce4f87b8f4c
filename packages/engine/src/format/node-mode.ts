// Go's FileMode, which nodes store, and Unix st_mode (repository format, section 3.6).
import type { NodeType } from './node.ts'

const PERMISSIONS = 0o777
const UNIX_TYPE = 0o170000

const GO_DIRECTORY = 2 ** 31
const GO_SYMLINK = 2 ** 27
const GO_DEVICE = 2 ** 26
const GO_FIFO = 2 ** 25
const GO_SOCKET = 2 ** 24
const GO_SETUID = 2 ** 23
const GO_SETGID = 2 ** 22
const GO_CHARACTER = 2 ** 21
const GO_STICKY = 2 ** 20

const UNIX_SETUID = 0o4000
const UNIX_SETGID = 0o2000
const UNIX_STICKY = 0o1000

interface NodeTypeFacts {
  readonly unixType: number
  readonly goType: number
}

const FACTS: Readonly<Record<NodeType, NodeTypeFacts>> = {
  file: { unixType: 0o100000, goType: 0 },
  dir: { unixType: 0o040000, goType: GO_DIRECTORY },
  symlink: { unixType: 0o120000, goType: GO_SYMLINK },
  dev: { unixType: 0o060000, goType: GO_DEVICE },
  chardev: { unixType: 0o020000, goType: GO_DEVICE + GO_CHARACTER },
  fifo: { unixType: 0o010000, goType: GO_FIFO },
  socket: { unixType: 0o140000, goType: GO_SOCKET },
}

/** The node type of an st_mode; undefined for what the format cannot hold. */
export function nodeTypeOfUnixMode(unixMode: number): NodeType | undefined {
  for (const [type, facts] of Object.entries(FACTS)) {
    if ((unixMode & UNIX_TYPE) === facts.unixType) return type as NodeType
  }
  return undefined
}

/** `unixMode` is st_mode with its type bits. */
export function goModeOfUnixMode(type: NodeType, unixMode: number): number {
  let mode = FACTS[type].goType + (unixMode & PERMISSIONS)
  // Added, not or-ed: JavaScript's bit operators are signed and a directory's bit is 2^31.
  if ((unixMode & UNIX_SETUID) !== 0) mode += GO_SETUID
  if ((unixMode & UNIX_SETGID) !== 0) mode += GO_SETGID
  if ((unixMode & UNIX_STICKY) !== 0) mode += GO_STICKY
  return mode
}

/** The bits that chmod takes: permissions, setuid, setgid and sticky. */
export function unixPermissionsOfGoMode(goMode: number): number {
  let permissions = goMode & PERMISSIONS
  if ((goMode & GO_SETUID) !== 0) permissions |= UNIX_SETUID
  if ((goMode & GO_SETGID) !== 0) permissions |= UNIX_SETGID
  if ((goMode & GO_STICKY) !== 0) permissions |= UNIX_STICKY
  return permissions
}
