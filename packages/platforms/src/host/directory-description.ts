// Mode, owner, times and extended attributes of a directory, as JSON.
import {
  getExtendedAttribute,
  readExtendedAttributes,
  removeExtendedAttribute,
  setExtendedAttribute,
  setOwner,
  setPermissions,
  setTimes,
} from '@holdfast/filesystem'
import type { OpenDirectory } from './open-directory.ts'

export interface DirectoryDescription {
  readonly permissions: number
  readonly uid: number
  readonly gid: number
  /** Decimal digits. */
  readonly atimeNs: string
  readonly mtimeNs: string
  /** Names and values in base64. */
  readonly attributes: Readonly<Record<string, string>>
}

export function describeDirectory(directory: OpenDirectory): DirectoryDescription {
  const { permissions, uid, gid, atimeNs, mtimeNs } = directory.status()
  const attributes = readExtendedAttributes(directory.entryPath('.')).map(
    ({ name, value }) => [name.toString('base64'), value.toString('base64')] as const,
  )
  return {
    permissions,
    uid,
    gid,
    atimeNs: atimeNs.toString(),
    mtimeNs: mtimeNs.toString(),
    attributes: Object.fromEntries(attributes),
  }
}

/** Attributes that the description lacks are removed. Repeating it is harmless. */
export function applyDescription(
  directory: OpenDirectory,
  description: DirectoryDescription,
): void {
  const path = directory.entryPath('.')
  setOwner(path, description)
  setPermissions(path, description.permissions)
  for (const { name } of readExtendedAttributes(path)) {
    if (description.attributes[name.toString('base64')] === undefined) {
      removeExtendedAttribute(path, name)
    }
  }
  for (const [name, value] of Object.entries(description.attributes)) {
    const attribute = { name: Buffer.from(name, 'base64'), value: Buffer.from(value, 'base64') }
    const present = getExtendedAttribute(path, attribute.name)
    if (present?.equals(attribute.value) !== true) setExtendedAttribute(path, attribute)
  }
  const { atimeNs, mtimeNs } = description
  setTimes(path, { atimeNs: BigInt(atimeNs), mtimeNs: BigInt(mtimeNs) })
}
