// Which names of directories are namespaces and volumes, and how keys stand for volume names.
import { decodePathBytes, encodePathBytes } from '@holdfast/domain'

/** The volume made of a namespace's entries that are no directories. */
export const LOOSE_ENTRIES_KEY = '.'

/** A DNS-1123 label, as Kubernetes demands of namespaces. */
export function isNamespaceName(name: string): boolean {
  return name.length <= 63 && /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(name)
}

export function keyOfVolume(name: Uint8Array): string {
  return encodePathBytes(name)
}

/** The directory name that a key stands for; undefined for a key that stands for none. */
export function volumeNameOf(key: string): Buffer | undefined {
  const bytes = decodePathBytes(key)
  if (bytes === undefined || bytes.length === 0 || bytes.length > NAME_MAX) return undefined
  if (bytes.includes(0) || bytes.includes(SLASH)) return undefined
  const name = Buffer.from(bytes)
  if (name.equals(Buffer.from('.')) || name.equals(Buffer.from('..'))) return undefined
  return isOurs(name) ? undefined : name
}

/** `.holdfast` and everything that begins like it belongs to the service. */
export function isOurs(name: Uint8Array): boolean {
  return Buffer.from(name).subarray(0, OUR_PREFIX.length).equals(OUR_PREFIX)
}

/** For paths inside a volume that is a mount point: ours is only what is in the work area. */
export function isInWorkArea(path: Uint8Array): boolean {
  const text = Buffer.from(path).toString('latin1')
  return text === WORK_AREA_NAME || text.startsWith(`${WORK_AREA_NAME}/`)
}

export const WORK_AREA_NAME = '.holdfast'

const OUR_PREFIX = Buffer.from(WORK_AREA_NAME)
const NAME_MAX = 255
const SLASH = 0x2f
