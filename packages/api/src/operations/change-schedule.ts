// Protection policies: made, changed and removed below their app.
import {
  deleteSchedule,
  findResource,
  hexIDOf,
  insertSchedule,
  inTransaction,
  lockApp,
  lockSchedulesOfApp,
  type Queries,
  releaseScheduleOfPolicy,
  SCHEDULES,
  type Schedule,
  type ScheduleContent,
  setBucketOfPolicy,
  updateSchedule,
} from '@holdfast/db'
import {
  applicableTimes,
  faultsOfSentTimes,
  type Label,
  nextDueTime,
  readScheduleTimes,
  ruleOfTimes,
  type ScheduleGranularity,
  type ScheduleRule,
  type ScheduleTimes,
} from '@holdfast/domain'
import type { Caller } from './caller.ts'
import { keepsCron, ownLabelsOf } from './cron-schedule.ts'
import type { OperationContext } from './operation-context.ts'
import { type InvalidMember, OperationError } from './operation-failure.ts'
import { requireBucket } from './require-bucket.ts'

export interface ScheduleRequest {
  readonly appID: string
  readonly version: string
  readonly name: string
  readonly labels: readonly Label[]
  readonly isEnabled: boolean
  readonly times: ScheduleTimes
  /** Decimal digits. */
  readonly snapshotRetention: string
  readonly backupRetention: string
  readonly bucketID?: string
  readonly replicate: boolean
}

export async function createSchedule(
  context: OperationContext,
  caller: Caller,
  { appID, bucketID, ...request }: ScheduleRequest,
): Promise<Schedule> {
  const { accountID, userID } = caller
  const id = context.newID()
  const now = context.now()
  const rule = readRule(request, request.times, now)
  const content = { ...request, bucketID, nextRunAt: nextRunOf(request.isEnabled, rule, now) }
  const schedule = await inTransaction(context.database, async (transaction) => {
    const others = await lockOthers(transaction, { accountID, appID })
    refuseDuplicate(content, { appID, others })
    if (bucketID !== undefined) await requireBucket(transaction, { accountID, bucketID, caller })
    const origin = { id, accountID, appID, createdBy: userID, now }
    await insertSchedule(transaction, { ...content, ...origin })
    return findResource(transaction, SCHEDULES, { scope: { accountID, parents: { appID } }, id })
  })
  if (schedule === undefined) {
    throw new RangeError(`The schedule ${id} was written and is not there.`)
  }
  return schedule
}

export interface ScheduleChangeRequest {
  readonly appID: string
  readonly id: string
  readonly version: string
  readonly name?: string
  readonly labels?: readonly Label[]
  readonly isEnabled?: boolean
  readonly granularity?: ScheduleGranularity
  /** Those that were sent. */
  readonly times: Omit<ScheduleTimes, 'granularity'>
  readonly snapshotRetention: string
  readonly backupRetention: string
  readonly bucketID?: string
  readonly replicate?: boolean
  readonly checkPreconditions: (present: Schedule) => void
}

/** Of the times that are not sent, those stay that still mean something. */
export async function changeSchedule(
  context: OperationContext,
  caller: Caller,
  change: ScheduleChangeRequest,
): Promise<void> {
  const { accountID, userID } = caller
  const { appID, id, bucketID } = change
  const now = context.now()
  await inTransaction(context.database, async (transaction) => {
    const all = await lockOthers(transaction, { accountID, appID })
    const present = all.find((schedule) => schedule.id === id)
    if (present === undefined) throw missing(id)
    change.checkPreconditions(present)
    const { times, rule, streamRetention } = readChangedRule(present, change, now)
    const isEnabled = change.isEnabled ?? present.isEnabled
    const isAimed = isEnabled === present.isEnabled && isSame(times, present.times)
    const content: ScheduleContent = {
      version: change.version,
      name: change.name ?? present.name,
      labels: ownLabelsOf(present, change.labels ?? present.labels),
      isEnabled,
      times,
      snapshotRetention: change.snapshotRetention,
      backupRetention: change.backupRetention,
      bucketID: bucketID ?? present.bucketID,
      replicate: change.replicate ?? present.replicate,
      ...(streamRetention === undefined ? {} : { streamRetention }),
      // A time that has come and is about to be looked after is not lost by another change.
      nextRunAt: isAimed ? present.nextRunAt : nextRunOf(isEnabled, rule, now),
    }
    refuseDuplicate(content, { appID, others: all.filter((schedule) => schedule.id !== id) })
    if (bucketID !== undefined) await requireBucket(transaction, { accountID, bucketID, caller })
    await updateSchedule(transaction, { ...content, id, modifiedBy: userID, now })
    await tellPolicy(transaction, { present, times, bucketID })
  })
}

/** The container's configuration says the same of its schedule as that itself. */
async function tellPolicy(
  transaction: Queries,
  change: {
    readonly present: Schedule
    readonly times: ScheduleTimes
    /** When it was named. */
    readonly bucketID: string | undefined
  },
): Promise<void> {
  const { present, times, bucketID } = change
  if (present.times.cronString === undefined) return
  const scheduleID = present.id
  if (times.cronString === undefined) return releaseScheduleOfPolicy(transaction, scheduleID)
  if (bucketID === undefined || bucketID === present.bucketID) return
  const integrationID = hexIDOf(bucketID)
  await setBucketOfPolicy(transaction, { scheduleID, bucketID, integrationID })
}

/** A run that is under way goes on; its copies, like all that it made before, stay. */
export async function removeSchedule(
  { database }: OperationContext,
  { accountID }: Caller,
  { id, appID }: { readonly id: string; readonly appID: string },
): Promise<void> {
  await inTransaction(database, async (transaction) => {
    const all = await lockOthers(transaction, { accountID, appID })
    if (!all.some((schedule) => schedule.id === id)) throw missing(id)
    await deleteSchedule(transaction, id)
  })
}

async function lockOthers(
  transaction: Queries,
  wanted: { readonly accountID: string; readonly appID: string },
): Promise<Schedule[]> {
  if ((await lockApp(transaction, wanted)) === undefined) {
    throw new OperationError({ code: 'not-found', kind: 'app', id: wanted.appID })
  }
  return await lockSchedulesOfApp(transaction, wanted)
}

/** A cron string stays as long as what it is shown as is sent back. */
function readChangedRule(present: Schedule, change: ScheduleChangeRequest, now: Date) {
  const { streamRetention } = present
  if (keepsCron(present, change)) {
    return { times: present.times, rule: ruleOfTimes(present.times), streamRetention }
  }
  const granularity = change.granularity ?? present.times.granularity
  const sent = { ...change.times, granularity }
  const times = applicableTimes(granularity, { ...keptTimes(present, granularity), ...sent })
  return {
    times,
    rule: readRule({ ...change, times: sent }, times, now),
    streamRetention: undefined,
  }
}

/** The minute of a custom schedule is only shown, never meant. */
function keptTimes(
  { times }: Schedule,
  granularity: ScheduleGranularity,
): Omit<ScheduleTimes, 'granularity'> {
  const { granularity: _, minute, cronString: __, ...kept } = times
  return granularity === 'custom' || minute === undefined ? kept : { ...kept, minute }
}

/** Of all that was sent, everything that is wrong is named at once. */
function readRule(
  sent: Pick<ScheduleRequest, 'times' | 'snapshotRetention' | 'backupRetention'>,
  times: ScheduleTimes,
  now: Date,
): ScheduleRule {
  const read = readScheduleTimes(times, now)
  const members: InvalidMember[] = [...faultsOfSentTimes(sent.times)]
  if ('faults' in read) members.push(...read.faults)
  if (sent.snapshotRetention === '0' && sent.backupRetention === '0') {
    const reason = 'is "0" as well: the schedule would keep nothing'
    members.push({ name: 'snapshotRetention', reason }, { name: 'backupRetention', reason })
  }
  if (members.length > 0) throw new OperationError({ code: 'invalid-request', members })
  if ('faults' in read) throw new RangeError('Faults without a name.')
  return read.rule
}

function nextRunOf(isEnabled: boolean, rule: ScheduleRule, now: Date): Date | undefined {
  return isEnabled ? nextDueTime(rule, now) : undefined
}

/** Names tell the copies of an app's schedules apart; two that do the same do it twice. */
function refuseDuplicate(
  { name, times, bucketID }: Pick<ScheduleContent, 'name' | 'times' | 'bucketID'>,
  { appID, others }: { readonly appID: string; readonly others: readonly Schedule[] },
): void {
  const sameName = others.find((other) => other.name === name)
  const same =
    sameName ?? others.find((other) => isSame(other.times, times) && other.bucketID === bucketID)
  if (same === undefined) return
  const member = sameName === undefined ? 'granularity' : 'name'
  const scheduleID = same.id
  throw new OperationError({ code: 'schedule-exists', appID, scheduleID, name: same.name, member })
}

function isSame(one: ScheduleTimes, other: ScheduleTimes): boolean {
  const { granularity, minute = 0 } = one
  return (
    granularity === other.granularity &&
    minute === (other.minute ?? 0) &&
    one.hour === other.hour &&
    one.dayOfWeek === other.dayOfWeek &&
    one.dayOfMonth === other.dayOfMonth &&
    one.recurrenceRule === other.recurrenceRule &&
    one.cronString === other.cronString
  )
}

function missing(id: string): OperationError {
  return new OperationError({ code: 'not-found', kind: 'resource', id })
}
