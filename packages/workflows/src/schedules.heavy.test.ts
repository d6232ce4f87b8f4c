// Schedules at work: real runs of a real service, whose clock the test moves.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import {
  deleteContainerBackupPolicy,
  deleteSchedule,
  insertSchedule,
  requestTaskCancel,
  writeContainerBackupPolicy,
} from '@holdfast/db'
import { nextDueTime, ruleOfTimes, type ScheduleRule, type ScheduleTimes } from '@holdfast/domain'
import type { Platform } from '@holdfast/platforms'
import type { StepPassage } from './step-observer.ts'
import { systemNow } from './testing/clock.ts'
import { startTestService } from './testing/test-service.ts'
import { makeWorld, type World } from './testing/world.ts'
import type { Workflows } from './workflow-types.ts'

const EVERY_TEN_MINUTES: ScheduleTimes = {
  granularity: 'custom',
  recurrenceRule: 'DTSTART:20200101T000000Z\nRRULE:FREQ=MINUTELY;INTERVAL=10',
}
const RULE = ruleOfTimes(EVERY_TEN_MINUTES)
const EVERY_MINUTE: ScheduleTimes = {
  granularity: 'custom',
  minute: 0,
  cronString: '* * * * *',
}

let world: World
let workflows: Workflows
let aheadMs = 0
/** What movers of backups say is held back until they are stopped. */
let areMoversHeld = false
let onPassage: (passage: StepPassage) => Promise<void> = async () => undefined
const now = () => new Date(systemNow().getTime() + aheadMs)

before(async () => {
  world = await makeWorld()
  workflows = await startTestService({
    ...world,
    database: world.database.database,
    now,
    observer: (passage) => onPassage(passage),
    withPlatform: holdingMovers,
  })
})
afterEach(async () => {
  onPassage = async () => undefined
  areMoversHeld = false
  await world.rows('delete from schedules')
})
after(async () => {
  await workflows.close()
  await world.dispose()
})

test('runs take a snapshot and a backup of it, and keep as many as asked', async () => {
  // Also where the container has a command: what is no cron string copies volumes.
  await setCommand(undefined, 'exit 9')
  const id = await makeSchedule({ name: 'Hourly Cpesy' })
  await nextRun(id, 'completed')
  await nextRun(id, 'completed')
  const snapshots = await copiesOf('application_snapshots', id)
  const backups = await copiesOf('backups', id)
  assert.deepEqual([snapshots.length, backups.length], [1, 1])
  for (const { name, state, created_by } of [...snapshots, ...backups]) {
    assert.match(String(name), /^hourly-cpesy-[a-z2-9]{5}$/)
    assert.equal(state, 'completed')
    assert.match(String(created_by), /^0{8}-/)
  }
  assert.equal(snapshots[0]?.name, backups[0]?.name)
  assert.equal(backups[0]?.kind, 'volumes')
  assert.equal(backups[0]?.snapshot_id, snapshots[0]?.id)
  const run = await world.row(
    'select * from schedule_runs where schedule_id = $1 order by due_at desc limit 1',
    id,
  )
  assert.deepEqual([run.snapshot_id, run.backup_id], [snapshots[0]?.id, backups[0]?.id])
  const deletions = await world.rows(
    "select kind, state from tasks where kind like 'delete-%' order by kind",
  )
  assert.deepEqual(deletions, [
    { kind: 'delete-backup', state: 'completed' },
    { kind: 'delete-snapshot', state: 'completed' },
  ])

  onPassage = async ({ workflow, step, position }) => {
    if (workflow === 'move' && step === 'move-volume' && position === 'inside') {
      throw new Error('The disk is on fire.')
    }
  }
  await nextRun(id, 'failed')
  const failed = await world.row(
    "select reason from schedule_runs where schedule_id = $1 and state = 'failed'",
    id,
  )
  assert.match(String(failed.reason), /on fire/)
  const left = await copiesOf('backups', id)
  assert.deepEqual(
    left.map(({ state }) => state),
    ['completed', 'failed'],
  )
  assert.equal(left[0]?.id, backups[0]?.id)
  const told = await world.rows(
    "select name, severity from events where destinations ? 'notification'",
  )
  assert.deepEqual(told, [{ name: 'holdfast.schedule.failed', severity: 'critical' }])
})

test('a cron schedule keeps what the command writes, as it is configured then, for its duration', async () => {
  const rule = ruleOfTimes(EVERY_MINUTE)
  const id = await makeSchedule({
    name: 'dumps',
    times: EVERY_MINUTE,
    snapshotRetention: '0',
    backupRetention: '2147483647',
    streamRetention: '90s',
  })
  await setCommand(id, 'echo one; cat data/*; echo done >&2')
  await nextRun(id, 'completed', rule)
  const [first, ...others] = await copiesOf('backups', id)
  assert.deepEqual(others, [])
  assert.ok(first)
  assert.deepEqual([first.kind, first.state], ['stream', 'completed'])
  assert.match(String(first.name), /^dumps-[a-z2-9]{5}$/)
  assert.ok(Number(first.total_bytes) > 4)
  assert.deepEqual(await copiesOf('application_snapshots', id), [])

  await setCommand(id, 'echo half; exit 3')
  await nextRun(id, 'failed', rule)
  const afterFailure = await copiesOf('backups', id)
  assert.deepEqual(
    afterFailure.map(({ state }) => state),
    ['completed', 'failed'],
  )
  const run = await world.row(
    "select reason from schedule_runs where schedule_id = $1 and state = 'failed'",
    id,
  )
  assert.match(String(run.reason), /3/)

  // The first one is older than 90 seconds then, and what failed before the new one with it.
  await setCommand(id, 'echo two')
  await nextRun(id, 'completed', rule)
  const kept = await copiesOf('backups', id)
  assert.deepEqual(
    kept.map(({ state, total_bytes }) => [state, Number(total_bytes)]),
    [['completed', 4]],
  )

  // Nobody makes any more: the last one outlives its duration.
  await deleteContainerBackupPolicy(world.database.database, world.appID)
  await nextRun(id, 'failed', rule)
  await nextRun(id, 'failed', rule)
  const told = await world.row(
    'select reason from schedule_runs where schedule_id = $1 order by due_at desc limit 1',
    id,
  )
  assert.match(String(told.reason), /No backup command is configured/)
  const left = await copiesOf('backups', id)
  assert.deepEqual(
    left.map((backup) => backup.id),
    kept.map((backup) => backup.id),
  )
})

test('a cancel of a cron run ends its command', async () => {
  const rule = ruleOfTimes(EVERY_MINUTE)
  const id = await makeSchedule({ times: EVERY_MINUTE, snapshotRetention: '0' })
  await setCommand(id, 'touch started; sleep 1000 & sleep 1000')
  const ended = nextRun(id, 'failed', rule)
  const started = join(world.appPath, 'started')
  await until(async () => existsSync(started))
  rmSync(started)
  const run = await world.row('select task_id from schedule_runs where schedule_id = $1', id)
  const { accountID, userID } = world
  const request = { accountID, taskID: String(run.task_id), userID }
  await requestTaskCancel(world.database.database, request)
  await ended
  const [backup] = await copiesOf('backups', id)
  assert.equal(backup?.state, 'failed')
  const tasks = await world.rows(
    'select kind, state from tasks where id = $1 or parent_task_id = $1 order by kind',
    run.task_id,
  )
  assert.deepEqual(tasks, [
    { kind: 'schedule-run', state: 'cancelled' },
    { kind: 'stream-backup', state: 'cancelled' },
  ])
})

test('a bucket that cannot be used fails the run before anything is copied', async () => {
  const id = await makeSchedule({ bucketID: randomUUID() })
  await nextRun(id, 'failed')
  const run = await world.row('select * from schedule_runs where schedule_id = $1', id)
  assert.match(String(run.reason), /the bucket of the schedule is gone/)
  assert.deepEqual([run.snapshot_id, run.backup_id], [null, null])
})

test('a cancel of the run stops what it is at, down to the mover', async () => {
  const id = await makeSchedule({ snapshotRetention: '0' })
  onPassage = async ({ workflow, point }) => {
    if (workflow !== 'move' || point !== 'mover-started') return
    const { task_id } = await world.row("select task_id from schedule_runs where state = 'running'")
    const { accountID, userID } = world
    const request = { accountID, taskID: String(task_id), userID }
    await requestTaskCancel(world.database.database, request)
  }
  areMoversHeld = true
  await nextRun(id, 'failed')
  const run = await world.row('select * from schedule_runs where schedule_id = $1', id)
  assert.match(String(run.reason), /^cancelled by/)
  const states = await world.rows(
    `with recursive story as (
      select id, kind, state from tasks where id = $1
      union all select tasks.id, tasks.kind, tasks.state from tasks
        join story on tasks.parent_task_id = story.id
    ) select distinct kind, state from story order by kind`,
    run.task_id,
  )
  const statesOf = (kind: string) =>
    states.filter((task) => task.kind === kind).map(({ state }) => state)
  assert.deepEqual([statesOf('schedule-run'), statesOf('backup')], [['cancelled'], ['cancelled']])
  // One that was done before keeps its end.
  assert.ok(statesOf('move').includes('cancelled'))
  // Without snapshots to keep, the backup takes one that goes with its end.
  assert.deepEqual(await copiesOf('application_snapshots', id), [])
})

test('a schedule that is deleted while it runs: the run ends, its copies stay', async () => {
  const id = await makeSchedule({ backupRetention: '0' })
  let isDeleted = false
  onPassage = async ({ workflow, step }) => {
    if (workflow !== 'schedule-run' || step !== 'apply-retention' || isDeleted) return
    isDeleted = true
    await deleteSchedule(world.database.database, id)
  }
  moveToNextTime()
  await until(async () => isDeleted)
  await workflows.whenIdle()
  const task = await world.row(
    "select state from tasks where resource_id = $1 and kind = 'schedule-run'",
    id,
  )
  assert.equal(task.state, 'completed')
  assert.equal((await copiesOf('application_snapshots', id)).length, 1)
  assert.deepEqual(await copiesOf('backups', id), [])
})

interface Policy {
  readonly name?: string
  readonly snapshotRetention?: string
  readonly backupRetention?: string
  readonly bucketID?: string
  readonly times?: ScheduleTimes
  readonly streamRetention?: string
}

async function makeSchedule({ times = EVERY_TEN_MINUTES, ...policy }: Policy): Promise<string> {
  const id = randomUUID()
  await insertSchedule(world.database.database, {
    id,
    accountID: world.accountID,
    appID: world.appID,
    version: '1.3',
    name: policy.name ?? 'often',
    labels: [],
    isEnabled: true,
    times,
    snapshotRetention: policy.snapshotRetention ?? '1',
    backupRetention: policy.backupRetention ?? '1',
    bucketID: policy.bucketID,
    replicate: false,
    ...(policy.streamRetention === undefined ? {} : { streamRetention: policy.streamRetention }),
    nextRunAt: nextDueTime(ruleOfTimes(times), now()),
    createdBy: world.userID,
    now: now(),
  })
  return id
}

/** Moves the clock on to the next time, and waits for the end of that run and of what it deletes. */
async function setCommand(scheduleID: string | undefined, command: string): Promise<void> {
  await writeContainerBackupPolicy(world.database.database, {
    appID: world.appID,
    accountID: world.accountID,
    backup: { command, timeout: '5m' },
    ...(scheduleID === undefined ? {} : { scheduleID }),
    modifiedBy: world.userID,
    modifiedAt: now(),
  })
}

async function nextRun(
  id: string,
  endsAs: 'completed' | 'failed',
  rule: ScheduleRule = RULE,
): Promise<void> {
  const before = await world.rows('select id from schedule_runs where schedule_id = $1', id)
  moveToNextTime(rule)
  await until(async () => {
    const runs = await world.rows('select id from schedule_runs where schedule_id = $1', id)
    return runs.length > before.length
  })
  await workflows.whenIdle()
  const run = await world.row(
    'select state, reason from schedule_runs where schedule_id = $1 order by due_at desc limit 1',
    id,
  )
  assert.equal(run.state, endsAs, String(run.reason))
}

function moveToNextTime(rule: ScheduleRule = RULE): void {
  aheadMs += nextDueTime(rule, now()).getTime() - now().getTime()
}

async function copiesOf(table: 'backups' | 'application_snapshots', scheduleID: string) {
  return await world.rows(
    `select * from ${table}
     where schedule_id = $1 and deleted_at is null order by created_at`,
    scheduleID,
  )
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 50))
}

function holdingMovers(platform: Platform): Platform {
  return {
    ...platform,
    async startMover(id, job) {
      const mover = await platform.startMover(id, job)
      if (!areMoversHeld || job.kind !== 'backup') return mover
      return {
        ...mover,
        async *events(signal) {
          if (!signal.aborted) await once(signal, 'abort')
          yield* mover.events(signal)
        },
      }
    },
  }
}
