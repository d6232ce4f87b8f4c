// The ids of the container dialect: 24 hexadecimal digits.
//
// An app (a container there), bucket, task, role or key, and a stream, has the first 24 digits of
// its UUID: 92 of its random bits, found again by the primary key's index. An instance, and the
// backup of an instance's volumes, has a UUIDv5 of its own (RFC 9562, section 5.5).
import { createHash } from 'node:crypto'

const HEX_ID = /^[0-9a-f]{24}$/

export function isHexID(text: string): boolean {
  return HEX_ID.test(text)
}

export function hexIDOf(uuid: string): string {
  return uuid.replaceAll('-', '').slice(0, 24)
}

/** Of an instance by its app's id, or of an instance's backup by the id of the app's backup. */
export function derivedHexID(uuid: string, instanceIdentity: string): string {
  const namespace = Buffer.from(uuid.replaceAll('-', ''), 'hex')
  const digest = createHash('sha1').update(namespace).update(instanceIdentity, 'utf8').digest()
  const bytes = digest.subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return bytes.toString('hex', 0, 12)
}

/** The ids that have these digits, as bounds of a range; undefined when they are no digits of an id. */
export function uuidRangeOf(
  hexID: string,
): { readonly first: string; readonly last: string } | undefined {
  if (!isHexID(hexID)) return undefined
  const start = `${hexID.slice(0, 8)}-${hexID.slice(8, 12)}-${hexID.slice(12, 16)}-${hexID.slice(16, 20)}-${hexID.slice(20)}`
  return { first: `${start}00000000`, last: `${start}ffffffff` }
}

/** Of the app of a host cluster, which is one running unit. */
export const HOST_INSTANCE_IDENTITY = 'host/app/0'
