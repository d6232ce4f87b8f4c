// Which copies of a schedule go. Pure: the caller deletes them.
//
// Only completed copies count. The newest completed one stays whatever the count says, unless the
// schedule keeps no snapshots at all and a later backup of it holds the same. What is read by
// somebody now stays until the next run. What a clock that was ahead made stays, too, and does not
// count: for as long as it was ahead, everything made since would look older and go.
//
// Streams are kept for a duration instead, counted from when each was asked for.
import type { CopyState } from './copy-state.ts'

export interface ScheduledCopy {
  readonly id: string
  readonly state: CopyState
  readonly createdAt: Date
  /** A backup reads it, or an app is being restored from it. */
  readonly isInUse: boolean
}

export type RetentionReason =
  /** One of the newest completed ones, as many as the policy keeps. */
  | 'kept-by-count'
  /** Not older than the policy keeps them. */
  | 'kept-by-age'
  /** The only one that data could come back from. */
  | 'last-good'
  | 'in-use'
  /** It has not ended, or nobody can say what is in it. */
  | 'not-completed'
  /** Its failure tells something: the last ones stay to be read. */
  | 'recent-failure'
  /** Made by a clock that was ahead of the one that judges. */
  | 'of-the-future'
  /** The schedule makes none of these any more; what there is was made before. */
  | 'none-made-any-more'
  | 'beyond-count'
  | 'beyond-age'
  | 'outlived-failure'

export interface RetentionDecision {
  readonly id: string
  readonly keep: boolean
  readonly reason: RetentionReason
}

export interface RetentionInput {
  readonly snapshots: readonly ScheduledCopy[]
  readonly backups: readonly ScheduledCopy[]
  /** As users give it: decimal digits, up to 63 of them. */
  readonly snapshotRetention: string
  readonly backupRetention: string
  /** The instant at which is judged. */
  readonly now: Date
}

/** Of those that no completed copy has outlived. */
export const FAILURES_KEPT_MAX = 10

export function decideRetention(input: RetentionInput): {
  readonly snapshots: readonly RetentionDecision[]
  readonly backups: readonly RetentionDecision[]
} {
  const { now } = input
  const [snapshotCount, backupCount] = [input.snapshotRetention, input.backupRetention].map(countOf)
  const backups =
    backupCount === 0
      ? input.backups.map(({ id }) => keep(id, 'none-made-any-more'))
      : decidePresent(input.backups, now, (present) => decideByCount(present, backupCount ?? 1))
  const snapshots = decidePresent(input.snapshots, now, (present) =>
    snapshotCount === 0
      ? decideByBackups(present, input.backups.filter(isPresent(now)))
      : decideByCount(present, snapshotCount ?? 1),
  )
  return { snapshots, backups }
}

export interface StreamRetentionInput {
  readonly backups: readonly ScheduledCopy[]
  /** Undefined: for ever. */
  readonly retentionMs: number | undefined
  readonly now: Date
}

/** The last completed one outlives its duration; failed ones go as those of other schedules. */
export function decideStreamRetention({
  backups,
  retentionMs = Number.POSITIVE_INFINITY,
  now,
}: StreamRetentionInput): readonly RetentionDecision[] {
  const isYoung = ({ createdAt }: ScheduledCopy) =>
    now.getTime() - createdAt.getTime() <= retentionMs
  return decidePresent(backups, now, (present) =>
    decideByReason(present, {
      reasonToKeep: (copy, place) => {
        if (isYoung(copy)) return 'kept-by-age'
        return place === 0 ? 'last-good' : undefined
      },
      reasonToDrop: 'beyond-age',
    }),
  )
}

function decidePresent(
  copies: readonly ScheduledCopy[],
  now: Date,
  decide: (present: readonly ScheduledCopy[]) => RetentionDecision[],
): RetentionDecision[] {
  const ahead = copies.filter((copy) => !isPresent(now)(copy)).toSorted(byTimeDescending)
  return [
    ...ahead.map(({ id }) => keep(id, 'of-the-future')),
    ...decide(copies.filter(isPresent(now))),
  ]
}

function isPresent(now: Date): (copy: ScheduledCopy) => boolean {
  return ({ createdAt }) => createdAt <= now
}

/** Beyond nine digits no list is as long. */
function countOf(retention: string): number {
  return retention.length > 9 ? Number.MAX_SAFE_INTEGER : Number(retention)
}

function decideByCount(copies: readonly ScheduledCopy[], count: number): RetentionDecision[] {
  return decideByReason(copies, {
    reasonToKeep: (_, place) => (place < count ? 'kept-by-count' : undefined),
    reasonToDrop: 'beyond-count',
  })
}

interface CompletedRule {
  /** `place`: 0 for the newest completed one. */
  readonly reasonToKeep: (copy: ScheduledCopy, place: number) => RetentionReason | undefined
  readonly reasonToDrop: RetentionReason
}

function decideByReason(
  copies: readonly ScheduledCopy[],
  { reasonToKeep, reasonToDrop }: CompletedRule,
): RetentionDecision[] {
  const newestFirst = copies.toSorted(byTimeDescending)
  const good = newestFirst
    .filter(({ state }) => state === 'completed')
    .map((copy, place) => ({ copy, reason: reasonToKeep(copy, place) }))
    .filter(({ reason }) => reason !== undefined)
  const reasons = new Map(good.map(({ copy, reason }) => [copy.id, reason]))
  const oldestGood = good.at(-1)?.copy
  const failures = newestFirst.filter(({ state }) => state === 'failed')
  const recentFailures = new Set(failures.slice(0, FAILURES_KEPT_MAX).map(({ id }) => id))
  return newestFirst.map((copy) => {
    const { id } = copy
    const reason = reasons.get(id)
    if (reason !== undefined) return keep(id, reason)
    const shared = decideShared(copy)
    if (shared !== undefined) return shared
    if (copy.state === 'completed') return drop(id, reasonToDrop)
    const isOutlived = oldestGood !== undefined && copy.createdAt < oldestGood.createdAt
    const isRecent = recentFailures.has(id) && !isOutlived
    return isRecent ? keep(id, 'recent-failure') : drop(id, 'outlived-failure')
  })
}

/** For a schedule that keeps no snapshots. */
function decideByBackups(
  snapshots: readonly ScheduledCopy[],
  backups: readonly ScheduledCopy[],
): RetentionDecision[] {
  const newestFirst = snapshots.toSorted(byTimeDescending)
  const lastGood = newestFirst.find(({ state }) => state === 'completed')
  const lastBackup = backups
    .filter(({ state }) => state === 'completed')
    .toSorted(byTimeDescending)[0]
  const isCovered =
    lastGood !== undefined && lastBackup !== undefined && lastBackup.createdAt >= lastGood.createdAt
  return newestFirst.map((copy) => {
    const shared = decideShared(copy)
    if (shared !== undefined) return shared
    if (copy === lastGood && !isCovered) return keep(copy.id, 'last-good')
    return drop(copy.id, copy.state === 'completed' ? 'beyond-count' : 'outlived-failure')
  })
}

function decideShared({ id, state, isInUse }: ScheduledCopy): RetentionDecision | undefined {
  if (isInUse) return keep(id, 'in-use')
  return state === 'completed' || state === 'failed' ? undefined : keep(id, 'not-completed')
}

function keep(id: string, reason: RetentionReason): RetentionDecision {
  return { id, keep: true, reason }
}

function drop(id: string, reason: RetentionReason): RetentionDecision {
  return { id, keep: false, reason }
}

/** Ties by id, so that every judge of the same copies says the same. */
function byTimeDescending(one: ScheduledCopy, other: ScheduledCopy): number {
  const difference = other.createdAt.getTime() - one.createdAt.getTime()
  if (difference !== 0) return difference
  return one.id < other.id ? 1 : -1
}
