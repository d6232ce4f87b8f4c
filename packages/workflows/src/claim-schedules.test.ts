// Which runs begin when, with a clock that the test moves and several services on one database.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, afterEach, before, test } from 'node:test'
import { insertSchedule, removeOldScheduleRuns } from '@holdfast/db'
import { nextDueTime, ruleOfTimes, type ScheduleTimes } from '@holdfast/domain'
import { aimAnew, claimDueSchedules, type SchedulesContext } from './claim-schedules.ts'
import { makeWorld, type World } from './testing/world.ts'

const HOURLY: ScheduleTimes = { granularity: 'hourly', minute: 0 }

let world: World
let now: Date
let context: SchedulesContext
const failures: string[] = []

before(async () => {
  world = await makeWorld()
  context = {
    database: world.database.database,
    now: () => now,
    randomUUID,
    log: {
      debug: () => undefined,
      info: () => undefined,
      warn: (message) => void failures.push(message),
      error: (message, fields) => void failures.push(`${message} ${JSON.stringify(fields)}`),
    },
  }
})
afterEach(async () => {
  assert.deepEqual(failures, [])
  await world.rows('delete from schedules')
  await world.rows("update tasks set state = 'completed', attempt = 1")
})
after(() => world.dispose())

test('a run begins at its time, once, however many services look', async () => {
  const id = await makeSchedule(HOURLY, '2030-01-01T11:30:00Z')
  await at('2030-01-01T11:59:59Z')
  assert.deepEqual(await runsOf(id), [])
  now = new Date('2030-01-01T12:00:00Z')
  const claimed = await Promise.all([1, 2, 3, 4].map(() => claimDueSchedules(context)))
  assert.equal(claimed.flat().length, 1)
  assert.deepEqual(await runsOf(id), ['12:00 running'])
  const task = await world.row(
    'select kind, resource_id, state from tasks where id = $1',
    claimed.flat()[0],
  )
  assert.deepEqual(task, { kind: 'schedule-run', resource_id: id, state: 'notStarted' })
  await endRuns()
  await at('2030-01-01T12:59:59Z')
  await at('2030-01-01T13:00:01Z')
  assert.deepEqual(await runsOf(id), ['12:00 completed', '13:00 running'])
  assert.deepEqual(await eventsOf(id), [])
})

test('what was missed is caught up once, reported once', async () => {
  const id = await makeSchedule(HOURLY, '2030-01-01T11:30:00Z')
  await at('2030-01-01T15:20:00Z')
  await at('2030-01-01T15:20:01Z')
  assert.deepEqual(await runsOf(id), ['12:00 missed', '15:00 running'])
  assert.deepEqual(await eventsOf(id), ['holdfast.schedule.missed warning notification'])
  const told = await world.row('select description from events where resource_id = $1', id)
  assert.match(String(told.description), /"nightly" of the app "shop".*3 times.*12:00:00Z.*once/)
})

test('a run that is only late says so', async () => {
  const id = await makeSchedule(HOURLY, '2030-01-01T11:30:00Z')
  await at('2030-01-01T12:20:00Z')
  assert.deepEqual(await runsOf(id), ['12:00 running'])
  const run = await world.row('select reason from schedule_runs where schedule_id = $1', id)
  assert.match(String(run.reason), /due at 2030-01-01T12:00:00Z/)
  assert.deepEqual(await eventsOf(id), ['holdfast.schedule.missed warning notification'])
})

test('a run is skipped while the last one goes on; the first skip is a notification', async () => {
  const id = await makeSchedule(HOURLY, '2030-01-01T11:30:00Z')
  for (const hour of [12, 13, 14]) await at(`2030-01-01T${hour}:00:00Z`)
  assert.deepEqual(await runsOf(id), ['12:00 running', '13:00 skipped', '14:00 skipped'])
  assert.deepEqual(await eventsOf(id), [
    'holdfast.schedule.skipped warning notification',
    'holdfast.schedule.skipped warning',
  ])
  await endRuns()
  await at('2030-01-01T15:00:00Z')
  assert.equal((await runsOf(id)).at(-1), '15:00 running')
})

test('a clock that goes back repeats nothing', async () => {
  const id = await makeSchedule(HOURLY, '2030-01-01T11:30:00Z')
  await at('2030-01-01T12:00:00Z')
  await endRuns()
  await back('2030-01-01T11:50:00Z')
  await at('2030-01-01T12:00:00Z')
  await at('2030-01-01T12:30:00Z')
  assert.deepEqual(await runsOf(id), ['12:00 completed'])
  await at('2030-01-01T13:00:00Z')
  assert.deepEqual(await runsOf(id), ['12:00 completed', '13:00 running'])
})

test('a clock that was far ahead keeps no time from its run', async () => {
  const id = await makeSchedule(HOURLY, '2030-01-01T11:30:00Z')
  await at('2031-01-01T00:10:00Z')
  await endRuns()
  await back('2030-01-01T11:40:00Z')
  await at('2030-01-01T12:00:00Z') // missed in the eyes of the wrong clock
  await endRuns()
  await at('2030-01-01T13:00:00Z')
  await endRuns()
  assert.deepEqual(await runsOf(id), ['12:00 completed', '13:00 completed', '00:00 completed'])
  await world.rows("update schedules set next_run_at = '2031-01-01T00:00:00Z'")
  await at('2031-01-01T00:00:00Z')
  assert.equal((await runsOf(id)).filter((run) => run.startsWith('00:00')).length, 2)
})

test('a service that begins looks at schedules that wait too long', async () => {
  const id = await makeSchedule(
    { granularity: 'monthly', dayOfMonth: 31, hour: 1, minute: 30 },
    '2030-05-30T00:00:00Z',
  )
  await back('2029-02-01T00:00:00Z')
  const row = await world.row('select next_run_at from schedules where id = $1', id)
  assert.equal((row.next_run_at as Date).toISOString(), '2029-02-28T01:30:00.000Z')
})

test('a cron string is followed by the same rules, and its run makes a stream', async () => {
  const times: ScheduleTimes = { granularity: 'custom', minute: 0, cronString: '*/20 12-13 * * *' }
  const id = await makeSchedule(times, '2030-01-01T11:30:00Z')
  await at('2030-01-01T11:59:59Z')
  assert.deepEqual(await runsOf(id), [])
  await at('2030-01-01T12:00:00Z')
  const task = await world.row("select input from tasks where state = 'notStarted'")
  assert.partialDeepStrictEqual(task.input, { isStream: true, scheduleName: 'nightly' })
  await at('2030-01-01T12:20:00Z')
  await endRuns()
  await back('2030-01-01T11:50:00Z')
  await at('2030-01-01T12:00:30Z')
  assert.deepEqual(await runsOf(id), ['12:00 completed', '12:20 skipped'])
  await at('2030-01-01T14:30:00Z')
  assert.deepEqual(await runsOf(id), ['12:00 completed', '12:20 skipped', '13:40 running'])
  await endRuns()
  await at('2030-01-02T12:00:00Z')
  assert.equal((await runsOf(id)).at(-1), '12:00 running')
})

test('a cron string whose times nobody saw for years is caught up once, its times not all counted', async () => {
  const times: ScheduleTimes = { granularity: 'custom', minute: 0, cronString: '* * * * *' }
  const id = await makeSchedule(times, '2020-01-01T00:00:00Z')
  await at('2030-01-01T12:00:30Z')
  assert.deepEqual(await runsOf(id), ['00:01 missed', '12:00 running'])
  const told = await world.row('select description from events where resource_id = $1', id)
  assert.match(String(told.description), /at least 1000 times from 2020-01-01T00:01:00Z/)
})

test('of the runs of each schedule the newest stay, and what still runs', async () => {
  const [one, other] = [
    await makeSchedule(HOURLY, '2030-01-01T11:30:00Z'),
    await makeSchedule(HOURLY, '2030-01-01T11:30:00Z'),
  ]
  await at('2030-01-01T12:00:00Z')
  for (const hour of ['13', '14', '15']) {
    for (const id of [one, other]) {
      await world.rows(
        `insert into schedule_runs (id, schedule_id, due_at, state)
          values (gen_random_uuid(), $1, $2, 'skipped')`,
        id,
        `2030-01-01T${hour}:00:00Z`,
      )
    }
  }
  await removeOldScheduleRuns(context.database, 2)
  for (const id of [one, other]) {
    assert.deepEqual(await runsOf(id), ['12:00 running', '14:00 skipped', '15:00 skipped'])
  }
})

test('what is switched off waits for nothing; an app in the trash neither runs nor catches up', async () => {
  await makeSchedule(HOURLY, '2030-01-01T11:30:00Z', { isEnabled: false })
  const id = await makeSchedule(HOURLY, '2030-01-01T11:30:00Z')
  await world.rows('update apps set hidden_at = now()')
  await at('2030-01-01T12:00:00Z')
  await at('2030-01-01T15:00:00Z')
  await world.rows('update apps set hidden_at = null')
  await at('2030-01-01T15:30:00Z')
  assert.deepEqual(await world.rows('select id from schedule_runs'), [])
  await at('2030-01-01T16:00:00Z')
  assert.deepEqual(await runsOf(id), ['16:00 running'])
  assert.deepEqual(await eventsOf(id), [])
})

test('more schedules than are looked at together', async () => {
  for (let count = 0; count < 105; count += 1) await makeSchedule(HOURLY, '2030-01-01T11:30:00Z')
  now = new Date('2030-01-01T12:00:00Z')
  assert.equal((await claimDueSchedules(context)).length, 105)
  await endRuns()
  await back('2030-01-01T11:00:00Z')
  const aimed = await world.rows('select distinct next_run_at from schedules')
  assert.deepEqual(aimed, [{ next_run_at: new Date('2030-01-01T12:00:00Z') }])
})

async function at(text: string): Promise<void> {
  now = new Date(text)
  await claimDueSchedules(context)
}

async function back(text: string): Promise<void> {
  now = new Date(text)
  await aimAnew(context)
  await claimDueSchedules(context)
}

async function makeSchedule(
  times: ScheduleTimes,
  since: string,
  { isEnabled = true }: { readonly isEnabled?: boolean } = {},
): Promise<string> {
  const id = randomUUID()
  now = new Date(since)
  await insertSchedule(context.database, {
    id,
    accountID: world.accountID,
    appID: world.appID,
    version: '1.3',
    name: 'nightly',
    labels: [],
    isEnabled,
    times,
    snapshotRetention: '1',
    backupRetention: '1',
    bucketID: undefined,
    replicate: false,
    nextRunAt: isEnabled ? nextDueTime(ruleOfTimes(times), now) : undefined,
    createdBy: world.userID,
    now,
  })
  return id
}

/** As the workflow of a run does. */
async function endRuns(): Promise<void> {
  await world.rows(
    "update schedule_runs set state = 'completed', ended_at = now() where state = 'running'",
  )
}

async function runsOf(id: string): Promise<string[]> {
  const rows = await world.rows(
    'select due_at, state from schedule_runs where schedule_id = $1 order by due_at, was_clock_ahead desc',
    id,
  )
  return rows.map(
    ({ due_at, state }) => `${(due_at as Date).toISOString().slice(11, 16)} ${String(state)}`,
  )
}

async function eventsOf(id: string): Promise<string[]> {
  const rows = await world.rows(
    `select name || ' ' || severity || case when destinations ? 'notification'
       then ' notification' else '' end as told
     from events where resource_id = $1 order by sequence`,
    id,
  )
  return rows.map(({ told }) => String(told))
}
