// Reads the job, the first line of stdin, and watches for the end of stdin.
import type { Readable } from 'node:stream'
import type { MoverJob, MoverJobKind } from '@holdfast/domain'
import { MoverError } from './mover-error.ts'

export interface JobInput {
  /** Fails with `invalid-job`. */
  readonly job: Promise<MoverJob>
  /** Resolves when whoever gave the job has closed its end, or is gone. */
  readonly ended: Promise<void>
}

/** A description of a backup may be large; nothing legitimate is larger than this. */
const JOB_BYTES_MAX = 64 * 1024 * 1024
const NEWLINE = 0x0a

export function readJob(input: Readable): JobInput {
  const ended = Promise.withResolvers<void>()
  const line = Promise.withResolvers<Buffer>()
  const parts: Buffer[] = []
  let length = 0
  let isRead = false
  input.on('data', (chunk: Buffer) => {
    if (isRead) return
    const end = chunk.indexOf(NEWLINE)
    parts.push(end === -1 ? chunk : chunk.subarray(0, end))
    length += chunk.length
    if (end === -1 && length <= JOB_BYTES_MAX) return
    isRead = true
    if (length > JOB_BYTES_MAX) line.reject(invalidJob('it is too long'))
    else line.resolve(Buffer.concat(parts))
  })
  input.once('end', () => {
    line.reject(invalidJob('stdin ended before a whole line came'))
    ended.resolve()
  })
  input.once('error', () => ended.resolve())
  input.once('close', () => ended.resolve())
  return { job: line.promise.then(parseJob), ended: ended.promise }
}

function parseJob(line: Buffer): MoverJob {
  let value: unknown
  try {
    value = JSON.parse(line.toString('utf8'))
  } catch {
    // What the parser says quotes the line, which holds secrets.
    throw invalidJob('it is no JSON')
  }
  if (!isObject(value)) throw invalidJob('it is no object')
  const { kind } = value
  if (typeof kind !== 'string' || !Object.hasOwn(REQUIRED_MEMBERS, kind)) {
    throw invalidJob('its kind is unknown')
  }
  for (const [member, type] of Object.entries(REQUIRED_MEMBERS[kind as MoverJobKind])) {
    if (!hasType(value[member], type)) throw invalidJob(`its ${member} is missing or no ${type}`)
  }
  return value as unknown as MoverJob
}

type MemberType = 'string' | 'number' | 'boolean' | 'object' | 'list' | 'anything'

/** Enough to tell a wrong job from a wrong program: the jobs come from our own service. */
const REQUIRED_MEMBERS: Readonly<Record<MoverJobKind, Readonly<Record<string, MemberType>>>> = {
  init: { store: 'object', password: 'string', lockHostname: 'string' },
  backup: { repository: 'object', source: 'object', label: 'object' },
  'stream-backup': { repository: 'object', source: 'object', label: 'object' },
  'stream-restore': {
    repository: 'object',
    repositorySnapshotID: 'string',
    logicalPath: 'string',
    target: 'object',
  },
  describe: { repository: 'object', label: 'object', description: 'anything' },
  restore: {
    repository: 'object',
    repositorySnapshotID: 'string',
    logicalPath: 'string',
    targetPath: 'string',
  },
  copy: { from: 'object', to: 'object', repositorySnapshotID: 'string', label: 'object' },
  forget: { repository: 'object', tagLists: 'list' },
  prune: { repository: 'object', batchMs: 'number' },
  check: { repository: 'object', readData: 'boolean' },
  list: { repository: 'object', tags: 'list' },
  unlock: { repository: 'object', lockHostnames: 'list' },
  verify: { store: 'object', provider: 'string' },
}

function hasType(value: unknown, type: MemberType): boolean {
  switch (type) {
    case 'anything':
      return value !== undefined
    case 'list':
      return Array.isArray(value)
    case 'object':
      return isObject(value)
    case 'string':
    case 'number':
    case 'boolean':
      return typeof value === type
    default: {
      const never: never = type
      return never
    }
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalidJob(reason: string): MoverError {
  return new MoverError({ code: 'invalid-job', reason })
}
