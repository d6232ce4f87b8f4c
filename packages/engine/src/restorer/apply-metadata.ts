// Gives a restored entry what its node says: owner, attributes, times, mode, in restic's order
// (repository format, section 3.6).
import {
  errnoName,
  listExtendedAttributes,
  removeExtendedAttribute,
  setExtendedAttribute,
  setOwner,
  setPermissions,
  setTimes,
} from '@holdfast/filesystem'
import type { Node } from '../format/node.ts'
import { unixPermissionsOfGoMode } from '../format/node-mode.ts'

/** Tells what could not be set; the rest is set all the same. */
export function applyMetadata(
  accessPath: Buffer,
  node: Node,
  onRefused: (message: string) => void,
): void {
  const attempt = (what: string, action: () => void) => {
    try {
      action()
    } catch (error) {
      const errno = errnoName(error)
      if (errno === undefined || FATAL.has(errno)) throw error
      onRefused(`Its ${what} could not be restored (${errno}).`)
    }
  }
  attempt('owner', () => setOwner(accessPath, node))
  attempt('extended attributes', () => removeOtherAttributes(accessPath, node))
  for (const attribute of node.extendedAttributes) {
    const what = `extended attribute ${attribute.name}`
    attempt(what, () => setExtendedAttribute(accessPath, attribute))
  }
  attempt('times', () => setTimes(accessPath, { atimeNs: node.atime, mtimeNs: node.mtime }))
  if (node.type === 'symlink') return
  attempt('mode', () => setPermissions(accessPath, unixPermissionsOfGoMode(node.mode)))
}

/** The target is broken or full, which concerns more than one entry's metadata. */
const FATAL: ReadonlySet<string> = new Set(['EIO', 'EROFS', 'EDQUOT', 'ENOENT'])
/** Kernel security modules label new files by themselves and may forbid taking a label away. */
const SECURITY_PREFIX = Buffer.from('security.')

/** A new entry may have inherited attributes, such as a default access list. */
function removeOtherAttributes(accessPath: Buffer, node: Node): void {
  for (const name of listExtendedAttributes(accessPath)) {
    const isWanted = node.extendedAttributes.some((attribute) => attribute.name.equals(name))
    const isSecurity = name.subarray(0, SECURITY_PREFIX.length).equals(SECURITY_PREFIX)
    if (!isWanted && !isSecurity) removeExtendedAttribute(accessPath, name)
  }
}
