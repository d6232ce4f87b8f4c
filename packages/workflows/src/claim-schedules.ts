// Looks after schedules whose time has come: each is claimed by one of the services that share the
// database, which writes the run, its task and the next time in one transaction. Whoever dies
// before that has done nothing, and afterwards the task is started as every other is.
import {
  countSkipsSince,
  type Database,
  disownRunsAhead,
  insertScheduleRun,
  insertTask,
  inTransaction,
  listDueSchedules,
  listEnabledSchedules,
  lockSchedule,
  type NewScheduleRun,
  type Queries,
  recordEvent,
  type Schedule,
  setNextRun,
  setTaskOfRun,
} from '@holdfast/db'
import { decideDue, nextDueTime, ruleOfTimes } from '@holdfast/domain'
import { newTask } from './new-task.ts'
import { type DueSchedule, missedEvent, sentenceOfMissed, skippedEvent } from './schedule-events.ts'
import type { WorkflowsLog } from './workflow-types.ts'

export interface SchedulesContext {
  readonly database: Database
  readonly now: () => Date
  readonly randomUUID: () => string
  readonly log: WorkflowsLog
}

const SCHEDULES_AT_ONCE_MAX = 100
const DAY_MS = 86_400_000

/** Answers the tasks that are to be started. One that fails does not hold up the others. */
export async function claimDueSchedules(context: SchedulesContext): Promise<string[]> {
  const taskIDs: string[] = []
  for (;;) {
    const request = { now: context.now(), limit: SCHEDULES_AT_ONCE_MAX }
    const due = await listDueSchedules(context.database, request)
    let claimed = 0
    for (const scheduleID of due) {
      const claim = await claimOrLater(context, scheduleID)
      if (claim === undefined) continue
      claimed += 1
      if (claim.taskID !== undefined) taskIDs.push(claim.taskID)
    }
    // What is left is with another service, or fails: the next round looks again.
    if (due.length < SCHEDULES_AT_ONCE_MAX || claimed === 0) return taskIDs
  }
}

interface Claim {
  /** Absent when nothing is to be run. */
  readonly taskID?: string
}

async function claimOrLater(
  context: SchedulesContext,
  scheduleID: string,
): Promise<Claim | undefined> {
  try {
    return await inTransaction(context.database, (queries) => claim(context, queries, scheduleID))
  } catch (error) {
    context.log.error('A schedule could not be looked after; tried again', {
      scheduleID,
      reason: String(error),
    })
    return undefined
  }
}

async function claim(
  context: SchedulesContext,
  transaction: Queries,
  scheduleID: string,
): Promise<Claim | undefined> {
  const locked = await lockSchedule(transaction, scheduleID)
  const nextDueAt = locked?.schedule.nextRunAt
  if (locked === undefined || nextDueAt === undefined) return undefined
  const { schedule, isAppHidden, runningSince } = locked
  const rule = ruleOfTimes(schedule.times)
  const now = context.now()
  const decision = decideDue({ rule, nextDueAt, now, isRunning: runningSince !== undefined })
  if (decision.kind === 'wait') return undefined
  await setNextRun(transaction, { scheduleID, nextRunAt: decision.nextDueAt })
  if (isAppHidden) return {}
  return await writeDown(context, transaction, { locked, decision, now })
}

async function writeDown(
  context: SchedulesContext,
  transaction: Queries,
  due: DueSchedule,
): Promise<Claim> {
  const { locked, decision, now } = due
  const { schedule, runningSince } = locked
  const { missed } = decision
  const at = { scheduleID: schedule.id, now }
  if (missed !== undefined) {
    const reason = sentenceOfMissed(decision)
    const dueAt = missed.firstDueAt
    const run = { ...at, id: context.randomUUID(), dueAt, state: 'missed', reason } as const
    await insertScheduleRun(transaction, run)
  }
  if (missed !== undefined || decision.isLate) await recordEvent(transaction, missedEvent(due))
  const run: NewScheduleRun = {
    ...at,
    id: context.randomUUID(),
    dueAt: decision.dueAt,
    state: runningSince === undefined ? 'running' : 'skipped',
    ...reasonOf(due),
  }
  // False: its time had its run before the clock went back.
  if (!(await insertScheduleRun(transaction, run))) return {}
  if (runningSince !== undefined) {
    const skips = await countSkipsSince(transaction, {
      scheduleID: schedule.id,
      since: runningSince,
    })
    // Each is told; only the first one of a run that goes on and on is worth a message.
    await recordEvent(transaction, { ...skippedEvent(due), isNotification: skips === 1 })
    return {}
  }
  const taskID = context.randomUUID()
  await insertTask(transaction, newTask(taskID, requestOf(schedule, run.id)))
  await setTaskOfRun(transaction, { runID: run.id, taskID })
  return { taskID }
}

function reasonOf({ locked, decision }: DueSchedule): { readonly reason?: string } {
  const { runningSince } = locked
  if (runningSince !== undefined) {
    return { reason: `The run that began at ${runningSince.toISOString()} had not ended.` }
  }
  return decision.isLate ? { reason: sentenceOfMissed(decision) } : {}
}

function requestOf({ id, accountID, appID, ...schedule }: Schedule, runID: string) {
  const { name, snapshotRetention, backupRetention, bucketID, times } = schedule
  return {
    kind: 'schedule-run' as const,
    accountID,
    appID,
    scheduleID: id,
    runID,
    scheduleName: name,
    snapshotRetention,
    backupRetention,
    ...(bucketID === undefined ? {} : { bucketID }),
    isStream: times.cronString !== undefined,
  }
}

/**
 * After the clock went back: what waits for a time that is further away than the next one waits for
 * the next one again. Also at each start, since the clock may have been changed meanwhile.
 */
export async function aimAnew(context: SchedulesContext): Promise<void> {
  let after: string | undefined
  for (;;) {
    const query = { after, limit: SCHEDULES_AT_ONCE_MAX }
    const schedules = await listEnabledSchedules(context.database, query)
    for (const { id, times, nextRunAt } of schedules) {
      const next = nextDueTime(ruleOfTimes(times), context.now())
      if (nextRunAt === undefined || next >= nextRunAt) continue
      await inTransaction(context.database, (transaction) => aim(context, transaction, id))
    }
    after = schedules.at(-1)?.id
    if (schedules.length < SCHEDULES_AT_ONCE_MAX) return
  }
}

async function aim(
  context: SchedulesContext,
  transaction: Queries,
  scheduleID: string,
): Promise<void> {
  const locked = await lockSchedule(transaction, scheduleID)
  const present = locked?.schedule.nextRunAt
  if (locked === undefined || present === undefined) return
  const rule = ruleOfTimes(locked.schedule.times)
  const now = context.now()
  const next = nextDueTime(rule, now)
  if (next >= present) return
  await setNextRun(transaction, { scheduleID, nextRunAt: next })
  // A clock that was a little ahead must not lead to a second run at the same time, and one that
  // was a year ahead not to a time without any.
  const afterNext = nextDueTime(rule, next).getTime()
  const after = new Date(Math.max(afterNext, now.getTime() + DAY_MS))
  await disownRunsAhead(transaction, { scheduleID, after })
}
