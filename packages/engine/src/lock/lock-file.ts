// What a lock file says (repository format, section 6.1).
import { encodeGoJson } from '../format/go-json.ts'
import type { LockId } from '../format/ids.ts'

export interface LockHolder {
  /** Unique per service start: stock restic judges a lock by host name and process id. */
  readonly hostname: string
  readonly username: string
  readonly pid: number
  readonly uid: number
  readonly gid: number
}

export interface LockRecord extends LockHolder {
  readonly id: LockId
  readonly time: Temporal.Instant
  readonly exclusive: boolean
}

export function encodeLock(lock: Omit<LockRecord, 'id'>): Buffer {
  return Buffer.from(
    encodeGoJson({
      time: lock.time.toString(),
      exclusive: lock.exclusive,
      hostname: lock.hostname,
      username: lock.username,
      pid: lock.pid,
      ...(lock.uid === 0 ? {} : { uid: lock.uid }),
      ...(lock.gid === 0 ? {} : { gid: lock.gid }),
    }),
  )
}

/** Answers a sentence about what is wrong when the bytes are no lock. */
export function decodeLock(id: LockId, json: Buffer): LockRecord | string {
  let members: { readonly [member: string]: unknown } | null
  try {
    members = JSON.parse(json.toString('utf8'))
  } catch {
    return 'it is not JSON'
  }
  if (typeof members !== 'object' || members === null) return 'it is not a JSON object'
  const time = parseInstant(members.time)
  if (time === undefined) return 'its time is not an RFC 3339 time'
  return {
    id,
    time,
    exclusive: members.exclusive === true,
    hostname: textOf(members.hostname),
    username: textOf(members.username),
    pid: countOf(members.pid),
    uid: countOf(members.uid),
    gid: countOf(members.gid),
  }
}

function parseInstant(text: unknown): Temporal.Instant | undefined {
  if (typeof text !== 'string') return undefined
  try {
    return Temporal.Instant.from(text)
  } catch {
    return undefined
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function countOf(value: unknown): number {
  return typeof value === 'number' ? value : 0
}
