// A snapshot: the root of one backup (repository format, section 3.2).
import { failureOf } from '../engine-failure.ts'
import { failFormat } from './format-failure.ts'
import { encodeGoJson, parseJson, type UnknownMembers, unknownMembersOf } from './go-json.ts'
import { type BlobId, parseObjectId, type SnapshotId } from './ids.ts'
import { formatTime, type ParsedTime, parseTime } from './time.ts'

/** Times are nanoseconds since 1970-01-01T00:00:00Z. */
export interface Snapshot {
  readonly time: bigint
  /** Of the zone that `time` is written in; retention buckets are computed in it. 0 if absent. */
  readonly utcOffsetMinutes?: number
  readonly parent?: SnapshotId
  readonly tree: BlobId
  readonly paths: readonly string[]
  /** Empty when not known; the same for `username`. */
  readonly hostname: string
  readonly username: string
  /** 0 is written by leaving it out. */
  readonly uid: number
  readonly gid: number
  readonly excludes: readonly string[]
  readonly tags: readonly string[]
  /** The snapshot of which this is a copy or a new version. */
  readonly original?: SnapshotId
  readonly programVersion?: string
  readonly summary?: SnapshotSummary
  readonly unknownMembers?: UnknownMembers
}

export interface SnapshotSummary {
  readonly backupStart: bigint
  readonly backupEnd: bigint
  readonly filesNew: number
  readonly filesChanged: number
  readonly filesUnmodified: number
  readonly dirsNew: number
  readonly dirsChanged: number
  readonly dirsUnmodified: number
  readonly dataBlobs: number
  readonly treeBlobs: number
  /** Plain bytes. */
  readonly dataAdded: number
  /** Stored bytes. */
  readonly dataAddedPacked: number
  readonly totalFilesProcessed: number
  readonly totalBytesProcessed: number
  readonly unknownMembers?: UnknownMembers
}

export function encodeSnapshot(snapshot: Snapshot): Buffer {
  return Buffer.from(
    encodeGoJson({
      time: formatTime(snapshot.time, snapshot.utcOffsetMinutes),
      parent: snapshot.parent,
      tree: snapshot.tree,
      paths: snapshot.paths,
      hostname: unlessEmpty(snapshot.hostname),
      username: unlessEmpty(snapshot.username),
      uid: unlessZero(snapshot.uid),
      gid: unlessZero(snapshot.gid),
      excludes: unlessNone(snapshot.excludes),
      tags: unlessNone(snapshot.tags),
      original: snapshot.original,
      program_version: snapshot.programVersion,
      summary: snapshot.summary === undefined ? undefined : summaryMembers(snapshot.summary),
      ...snapshot.unknownMembers,
    }),
  )
}

/** Fails with `format-invalid`. */
export function decodeSnapshot(plain: Buffer): Snapshot {
  const members = parseMembers(plain)
  const time = requireTime(members, 'time')
  const parent = optionalId<SnapshotId>(members, 'parent')
  const original = optionalId<SnapshotId>(members, 'original')
  const programVersion = optionalString(members, 'program_version')
  const tree = optionalId<BlobId>(members, 'tree')
  if (tree === undefined) failFormat('snapshot', 'tree is missing')
  const summary = decodeSummary(members.summary)
  // Statistics of another shape are no reason to refuse a snapshot.
  const known = summary === undefined ? MEMBERS_BUT_SUMMARY : SNAPSHOT_MEMBERS
  const unknownMembers = unknownMembersOf(members, known)
  return {
    time: time.epochNs,
    ...(time.utcOffsetMinutes === 0 ? {} : { utcOffsetMinutes: time.utcOffsetMinutes }),
    ...(parent === undefined ? {} : { parent }),
    tree,
    paths: stringList(members, 'paths'),
    hostname: optionalString(members, 'hostname') ?? '',
    username: optionalString(members, 'username') ?? '',
    uid: optionalCount(members, 'uid'),
    gid: optionalCount(members, 'gid'),
    excludes: stringList(members, 'excludes'),
    tags: stringList(members, 'tags'),
    ...(original === undefined ? {} : { original }),
    ...(programVersion === undefined ? {} : { programVersion }),
    ...(summary === undefined ? {} : { summary }),
    ...(Object.keys(unknownMembers).length === 0 ? {} : { unknownMembers }),
  }
}

type Members = { readonly [member: string]: unknown }

type SummaryCount = Exclude<keyof SnapshotSummary, 'backupStart' | 'backupEnd' | 'unknownMembers'>

const SUMMARY_COUNTS: readonly (readonly [SummaryCount, string])[] = [
  ['filesNew', 'files_new'],
  ['filesChanged', 'files_changed'],
  ['filesUnmodified', 'files_unmodified'],
  ['dirsNew', 'dirs_new'],
  ['dirsChanged', 'dirs_changed'],
  ['dirsUnmodified', 'dirs_unmodified'],
  ['dataBlobs', 'data_blobs'],
  ['treeBlobs', 'tree_blobs'],
  ['dataAdded', 'data_added'],
  ['dataAddedPacked', 'data_added_packed'],
  ['totalFilesProcessed', 'total_files_processed'],
  ['totalBytesProcessed', 'total_bytes_processed'],
]

const SUMMARY_MEMBERS: ReadonlySet<string> = new Set([
  'backup_start',
  'backup_end',
  ...SUMMARY_COUNTS.map(([, member]) => member),
])

const SNAPSHOT_MEMBERS: ReadonlySet<string> = new Set([
  'time',
  'parent',
  'tree',
  'paths',
  'hostname',
  'username',
  'uid',
  'gid',
  'excludes',
  'tags',
  'original',
  'program_version',
  'summary',
])

const MEMBERS_BUT_SUMMARY: ReadonlySet<string> = new Set(
  [...SNAPSHOT_MEMBERS].filter((member) => member !== 'summary'),
)

function summaryMembers(summary: SnapshotSummary): Members {
  return {
    backup_start: formatTime(summary.backupStart),
    backup_end: formatTime(summary.backupEnd),
    ...Object.fromEntries(SUMMARY_COUNTS.map(([field, member]) => [member, summary[field]])),
    ...summary.unknownMembers,
  }
}

/** Undefined when there is none, or none that we know how to read. */
function decodeSummary(value: unknown): SnapshotSummary | undefined {
  try {
    return value === undefined ? undefined : readSummary(requireObject(value, 'summary'))
  } catch (error) {
    if (failureOf(error, 'format-invalid') === undefined) throw error
    return undefined
  }
}

function readSummary(members: Members): SnapshotSummary {
  const counts = Object.fromEntries(
    SUMMARY_COUNTS.map(([field, member]) => [field, optionalCount(members, member)]),
  ) as Record<SummaryCount, number>
  const unknownMembers = unknownMembersOf(members, SUMMARY_MEMBERS)
  return {
    backupStart: requireTime(members, 'backup_start').epochNs,
    backupEnd: requireTime(members, 'backup_end').epochNs,
    ...counts,
    ...(Object.keys(unknownMembers).length === 0 ? {} : { unknownMembers }),
  }
}

function unlessEmpty(text: string): string | undefined {
  return text === '' ? undefined : text
}

function unlessZero(count: number): number | undefined {
  return count === 0 ? undefined : count
}

function unlessNone(list: readonly string[]): readonly string[] | undefined {
  return list.length === 0 ? undefined : list
}

function parseMembers(plain: Buffer): Members {
  let value: unknown
  try {
    value = parseJson(plain.toString('utf8'))
  } catch {
    failFormat('snapshot', 'not JSON')
  }
  return requireObject(value, 'the snapshot')
}

function requireObject(value: unknown, name: string): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    failFormat('snapshot', `${name} is not a JSON object`)
  }
  return value as Members
}

function requireTime(members: Members, member: string): ParsedTime {
  const text = members[member]
  const time = typeof text === 'string' ? parseTime(text) : undefined
  if (time === undefined) failFormat('snapshot', `${member} is not an RFC 3339 time`)
  return time
}

function optionalId<Id extends string>(members: Members, member: string): Id | undefined {
  const text = members[member]
  if (text === undefined || text === null) return undefined
  const id = typeof text === 'string' ? parseObjectId<Id>(text) : undefined
  if (id === undefined) failFormat('snapshot', `${member} is not an id`)
  return id
}

function optionalString(members: Members, member: string): string | undefined {
  const text = members[member]
  if (text === undefined || text === null) return undefined
  if (typeof text !== 'string') failFormat('snapshot', `${member} is not a string`)
  return text
}

function optionalCount(members: Members, member: string): number {
  const count = members[member]
  if (count === undefined || count === null) return 0
  if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 0) {
    failFormat('snapshot', `${member} is not a count`)
  }
  return count
}

function stringList(members: Members, member: string): readonly string[] {
  const list = members[member]
  if (list === undefined || list === null) return []
  if (!Array.isArray(list) || !list.every((item) => typeof item === 'string')) {
    failFormat('snapshot', `${member} is not a list of strings`)
  }
  return list
}
