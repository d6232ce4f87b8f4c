// Sets how a container's backups are made, kept and restored by its own commands. What it says of
// times becomes a schedule, in the same transaction.
import {
  BUCKETS,
  type ContainerBackupPolicy,
  deleteContainerBackupPolicy,
  deleteSchedule,
  findBucketIDByIdentifier,
  findContainerBackupPolicy,
  findResourceByHexID,
  insertSchedule,
  inTransaction,
  lockApp,
  lockSchedulesOfApp,
  type Queries,
  type Schedule,
  type StreamCommand,
  updateSchedule,
  withoutCronLabels,
  writeContainerBackupPolicy,
} from '@holdfast/db'
import {
  nextDueTime,
  parseDuration,
  refusalOfCronString,
  ruleOfTimes,
  type ScheduleTimes,
} from '@holdfast/domain'
import { recordImmediateTask } from '@holdfast/workflows'
import { type Caller, viewerOf } from './caller.ts'
import { CRON_SCHEDULE_RETENTION } from './cron-schedule.ts'
import type { OperationContext } from './operation-context.ts'
import { type InvalidMember, isOperationError, OperationError } from './operation-failure.ts'
import { requireBucket } from './require-bucket.ts'

/** `integrations.backups`, its members named as they are sent. Null is the same as absent. */
export interface SentContainerBackups {
  /** The digits of a bucket's id, or its identifier; absent: chosen with each backup. */
  readonly integration_id?: string | null
  /** Means nothing; kept. */
  readonly destination?: string | null
  readonly backup: SentCommand & { readonly cron_string?: string | null }
  readonly restore?: SentCommand | null
  /** Absent: a year. Null: for ever. */
  readonly retention?: string | null
}

export interface SentCommand {
  readonly command: string
  readonly timeout?: string | null
}

export interface ContainerBackupsRequest {
  readonly appID: string
  /** Null: the container has no backups of its own any more. Those that there are stay. */
  readonly backups: SentContainerBackups | null
  /** Where the request has them: `contents.integrations.backups`. */
  readonly member: string
}

const COMMAND_LENGTH_MAX = 32_768
const DESTINATION_LENGTH_MAX = 255
const RETENTION_DEFAULT = '365d'
const SCHEDULE_NAME = 'container-backups'

const TASK = {
  name: 'holdfast.container.reconfigure',
  summary: 'Configuration of the backups of a container',
  description: 'Sets by which commands the container is backed up and restored, and when.',
  resourceKind: 'app',
} as const

/**
 * The same once more changes nothing but whose commands they are, and loses no due time. Answers the
 * task that tells of it.
 */
export async function configureContainerBackups(
  context: OperationContext,
  caller: Caller,
  { appID, backups, member }: ContainerBackupsRequest,
): Promise<{ readonly taskID: string }> {
  const { accountID, userID } = caller
  const now = context.now()
  const taskID = context.newID()
  const wanted = backups === null ? undefined : readBackups(backups, { member, now })
  await inTransaction(context.database, async (transaction) => {
    if ((await lockApp(transaction, { accountID, appID })) === undefined) {
      throw new OperationError({ code: 'not-found', kind: 'app', id: appID })
    }
    const task = { id: taskID, accountID, userID, appID, resourceID: appID, now }
    await recordImmediateTask(transaction, { ...task, ...TASK })
    const schedules = await lockSchedulesOfApp(transaction, { accountID, appID })
    const present = await findContainerBackupPolicy(transaction, appID)
    const schedule = schedules.find(({ id }) => id === present?.scheduleID)
    if (wanted === undefined) {
      await deleteContainerBackupPolicy(transaction, appID)
      if (schedule !== undefined) await deleteSchedule(transaction, schedule.id)
      return
    }
    const bucketID = await findBucketID(transaction, { caller, wanted, present, member })
    const followed = { context, caller, appID, wanted, bucketID, schedule, schedules, now }
    const scheduleID = await followSchedule(transaction, followed)
    await writeContainerBackupPolicy(transaction, {
      ...wanted,
      appID,
      accountID,
      ...(bucketID === undefined ? {} : { bucketID }),
      ...(scheduleID === undefined ? {} : { scheduleID }),
      modifiedBy: userID,
      modifiedAt: now,
    })
  })
  return { taskID }
}

type WantedBackups = Pick<
  ContainerBackupPolicy,
  'integrationID' | 'destination' | 'backup' | 'restore' | 'retention'
>

interface Reading {
  readonly member: string
  readonly now: Date
}

/** Of all that was sent, everything that is wrong is named at once. */
function readBackups(sent: SentContainerBackups, { member, now }: Reading): WantedBackups {
  const faults = faultsOf(sent, now)
  if (faults.length > 0) {
    const members = faults.map(({ name, reason }) => ({ name: `${member}.${name}`, reason }))
    throw new OperationError({ code: 'invalid-request', members })
  }
  const { integration_id: integrationID, destination, backup, restore } = sent
  const { retention = RETENTION_DEFAULT } = sent
  const { cron_string: cronString } = backup
  return {
    ...(isAbsent(integrationID) ? {} : { integrationID }),
    ...(isAbsent(destination) ? {} : { destination }),
    backup: isAbsent(cronString) ? readCommand(backup) : { ...readCommand(backup), cronString },
    ...(isAbsent(restore) ? {} : { restore: readCommand(restore) }),
    ...(retention === null ? {} : { retention }),
  }
}

function readCommand({ command, timeout }: SentCommand): StreamCommand {
  return isAbsent(timeout) ? { command } : { command, timeout }
}

function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null
}

function faultsOf(sent: SentContainerBackups, now: Date): InvalidMember[] {
  const { backup, restore, retention, destination } = sent
  const { cron_string: cronString } = backup
  const refusals: Readonly<Record<string, string | undefined>> = {
    'backup.command': refusalOfCommand(backup.command),
    'backup.timeout': refusalOfDuration(backup.timeout),
    'backup.cron_string': isAbsent(cronString) ? undefined : refusalOfCronString(cronString, now),
    'restore.command': isAbsent(restore) ? undefined : refusalOfCommand(restore.command),
    'restore.timeout': refusalOfDuration(restore?.timeout),
    retention: refusalOfDuration(retention),
    destination:
      (destination ?? '').length > DESTINATION_LENGTH_MAX
        ? `must not be longer than ${DESTINATION_LENGTH_MAX} characters`
        : undefined,
  }
  return Object.entries(refusals).flatMap(([name, reason]) =>
    reason === undefined ? [] : [{ name, reason }],
  )
}

function refusalOfCommand(command: string): string | undefined {
  if (command.replace(/^"(.*)"$/s, '$1').trim() === '') return 'must name a command'
  if (command.includes('\0')) return 'must not have a null character'
  if (command.length <= COMMAND_LENGTH_MAX) return undefined
  return `must not be longer than ${COMMAND_LENGTH_MAX} characters`
}

function refusalOfDuration(text: string | null | undefined): string | undefined {
  if (isAbsent(text)) return undefined
  const parsed = parseDuration(text)
  return 'refusal' in parsed ? parsed.refusal : undefined
}

interface NamedBucket {
  readonly caller: Caller
  readonly wanted: WantedBackups
  readonly present: ContainerBackupPolicy | undefined
  readonly member: string
}

/**
 * What is sent back as it was read names the bucket that it named, also to somebody who does not
 * see that, and where the bucket has another identifier meanwhile.
 */
async function findBucketID(
  transaction: Queries,
  { caller, wanted: { integrationID }, present, member }: NamedBucket,
): Promise<string | undefined> {
  if (integrationID === undefined) return undefined
  if (integrationID === present?.integrationID) return present.bucketID
  const { accountID } = caller
  const scope = { accountID, parents: {}, viewer: viewerOf(caller) }
  const bucket = await findResourceByHexID(transaction, BUCKETS, { scope, hexID: integrationID })
  const bucketID =
    bucket?.id ??
    (await findBucketIDByIdentifier(transaction, { accountID, identifier: integrationID }))
  const missing = new OperationError({
    code: 'not-found',
    kind: 'bucket',
    id: integrationID,
    member: `${member}.integration_id`,
  })
  if (bucketID === undefined) throw missing
  try {
    await requireBucket(transaction, { accountID, bucketID, caller })
  } catch (error) {
    // By the name under which it was asked for: nothing else may be told of it.
    if (isOperationError(error) && error.failure.code === 'bucket-not-found') throw missing
    throw error
  }
  return bucketID
}

interface FollowedSchedule {
  readonly context: OperationContext
  readonly caller: Caller
  readonly appID: string
  readonly wanted: WantedBackups
  readonly bucketID: string | undefined
  /** The present one of these backups. */
  readonly schedule: Schedule | undefined
  /** All of the app. */
  readonly schedules: readonly Schedule[]
  readonly now: Date
}

/** Answers the id of the schedule that there is from now on. */
async function followSchedule(
  transaction: Queries,
  { context, caller, appID, wanted, bucketID, schedule, schedules, now }: FollowedSchedule,
): Promise<string | undefined> {
  const { cronString } = wanted.backup
  if (cronString === undefined) {
    if (schedule !== undefined) await deleteSchedule(transaction, schedule.id)
    return undefined
  }
  const times: ScheduleTimes = { granularity: 'custom', minute: 0, cronString }
  const rule = {
    times,
    ...CRON_SCHEDULE_RETENTION,
    bucketID,
    ...(wanted.retention === undefined ? {} : { streamRetention: wanted.retention }),
  }
  const aim = { isEnabled: true, nextRunAt: nextDueTime(ruleOfTimes(times), now) }
  if (schedule === undefined) {
    const id = context.newID()
    await insertSchedule(transaction, {
      ...rule,
      ...aim,
      id,
      accountID: caller.accountID,
      appID,
      version: '1.3',
      name: freeName(schedules),
      labels: [],
      replicate: false,
      createdBy: caller.userID,
      now,
    })
    return id
  }
  const { id, version, name, labels, replicate, isEnabled, nextRunAt } = schedule
  const isAimed = schedule.times.cronString === cronString
  const isSame =
    isAimed && schedule.bucketID === bucketID && schedule.streamRetention === rule.streamRetention
  if (isSame) return id
  await updateSchedule(transaction, {
    ...rule,
    // A time that has come and is about to be looked after is not lost by another change.
    ...(isAimed ? { isEnabled, nextRunAt } : aim),
    id,
    version,
    name,
    labels: withoutCronLabels(labels),
    replicate,
    modifiedBy: caller.userID,
    now,
  })
  return id
}

function freeName(schedules: readonly Schedule[]): string {
  const taken = new Set(schedules.map(({ name }) => name))
  let name = SCHEDULE_NAME
  for (let at = 2; taken.has(name); at += 1) name = `${SCHEDULE_NAME}-${at}`
  return name
}
