// Protection policies through the API: what is taken, refused and shown.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, afterEach, before, describe, test } from 'node:test'
import { insertScheduleRun } from '@holdfast/db'
import { assertAnswersConform, makeTestApi, type TestApi } from '../testing/test-api.ts'
import {
  assertProblem,
  completedBackup,
  completedSnapshot,
  manageApp,
  missingID,
  setBackup,
  setSnapshot,
} from '../testing/test-resources.ts'

let api: TestApi
let appID: string
let path: string
before(async () => {
  api = await makeTestApi()
  appID = await manageApp(api, 'policies')
  path = `k8s/v1/apps/${appID}/schedules`
})
after(() => api.close())
afterEach(async () => {
  assertAnswersConform()
  await api.database.queries.deleteFrom('schedules').execute()
})

const COMMON = { type: 'application/astra-schedule', version: '1.3' }
const KEEP = { snapshotRetention: '2', backupRetention: '1' }

function post(members: object) {
  return api.call('POST', path, { body: { ...COMMON, name: 'one', ...KEEP, ...members } })
}

function put(id: string, members: object) {
  return api.call('PUT', `${path}/${id}`, { body: { ...COMMON, ...KEEP, ...members } })
}

async function made(members: object): Promise<string> {
  const answer = await post(members)
  assert.equal(answer.status, 201, answer.text)
  return answer.body.id
}

function faultsOf(answer: { body: { invalidFields: { name: string }[] } }): string[] {
  return answer.body.invalidFields.map(({ name }) => name)
}

describe('schedules', () => {
  test('each granularity shows the times that belong to it, and no others', async () => {
    const absent = { hour: '*', dayOfWeek: null, dayOfMonth: '*', recurrenceRule: null }
    const rule = 'DTSTART:20220101T000500Z\nRRULE:FREQ=MINUTELY;INTERVAL=30'
    const cases = [
      [{ ...absent, granularity: 'hourly', minute: '5' }, { minute: '5' }],
      [{ granularity: 'hourly', minute: '*' }, { minute: '0' }],
      [
        { ...absent, granularity: 'daily', hour: '23' },
        { minute: '0', hour: '23' },
      ],
      [
        { ...absent, granularity: 'weekly', minute: '59', hour: '0', dayOfWeek: '7' },
        { minute: '59', hour: '0', dayOfWeek: '7' },
      ],
      [
        { ...absent, granularity: 'monthly', minute: '0', hour: '9', dayOfMonth: '31' },
        { minute: '0', hour: '9', dayOfMonth: '31' },
      ],
      [
        { granularity: 'custom', minute: '0', recurrenceRule: rule },
        { minute: '0', recurrenceRule: rule },
      ],
    ] as const
    for (const [index, [sent, shown]] of cases.entries()) {
      const id = await made({ ...sent, name: `case ${index}` })
      const { body } = await api.call('GET', `${path}/${id}`)
      const { type, version, id: _, metadata, ...rest } = body
      const { granularity } = sent
      const fixed = { name: `case ${index}`, enabled: 'true', replicate: 'false', granularity }
      assert.deepEqual(rest, { ...fixed, ...KEEP, ...shown })
      assert.deepEqual([type, version, metadata.labels], [COMMON.type, '1.3', []])
    }
    const filtered = await api.call('GET', `${path}?include=name&filter=hour%20eq%20'9'`)
    assert.deepEqual(filtered.body.items, [['case 4']])
  })

  test('8: what no schedule may have', async () => {
    const bad = [
      ...['-1', '60', '05', '5 ', ''].map((minute) => ({ minute })),
      ...['24', '007'].map((hour) => ({ hour })),
      ...['8', 'Sunday'].map((dayOfWeek) => ({ dayOfWeek })),
      ...['0', '32', '1,15'].map((dayOfMonth) => ({ dayOfMonth })),
      ...['', '01', '-1', '1.5', '9'.repeat(64), 3, null].map((snapshotRetention) => ({
        snapshotRetention,
      })),
      { backupRetention: undefined },
      { enabled: true },
      { replicate: 'no' },
      { granularity: 'yearly' },
      { name: '' },
      { name: 'x'.repeat(64) },
      { bucketID: 'none' },
      { minute: 5 },
      { colour: 'red' },
    ]
    for (const members of bad) {
      assertProblem(await post({ granularity: 'hourly', ...members }), 400, 8)
    }
    const id = await made({ granularity: 'hourly' })
    const body = { ...COMMON, snapshotRetention: '1' }
    assertProblem(await api.call('PUT', `${path}/${id}`, { body }), 400, 8)
  })

  test('9: what does not fit together, all of it named', async () => {
    const cases = [
      [{ granularity: 'weekly' }, ['hour', 'dayOfWeek']],
      [{ granularity: 'monthly', hour: '1' }, ['dayOfMonth']],
      [{ granularity: 'hourly', hour: '1', dayOfMonth: '2' }, ['hour', 'dayOfMonth']],
      [{ granularity: 'custom' }, ['recurrenceRule']],
      [
        { granularity: 'custom', minute: '5', recurrenceRule: 'daily' },
        ['minute', 'recurrenceRule'],
      ],
      [
        {
          granularity: 'custom',
          recurrenceRule: 'DTSTART:29990101T000000Z\nRRULE:FREQ=HOURLY',
        },
        ['recurrenceRule'],
      ],
      [
        { granularity: 'hourly', snapshotRetention: '0', backupRetention: '0' },
        ['snapshotRetention', 'backupRetention'],
      ],
    ] as const
    for (const [members, names] of cases) {
      const answer = await post(members)
      assertProblem(answer, 400, 9)
      assert.deepEqual(faultsOf(answer), names)
    }
  })

  test('108: an unknown bucket; 132: the same name, or the same times into the same bucket', async () => {
    const id = await made({ granularity: 'daily', hour: '1', bucketID: api.tenant.bucketID })
    const unknown = { bucketID: missingID() }
    assertProblem(await post({ name: 'two', granularity: 'hourly', ...unknown }), 400, 108)
    assertProblem(await put(id, unknown), 400, 108)
    const same = await post({ granularity: 'hourly' })
    assertProblem(same, 409, 132)
    assert.deepEqual(faultsOf(same), ['name'])
    const times = { granularity: 'daily', minute: '0', hour: '1' }
    const again = await post({ ...times, name: 'two', bucketID: api.tenant.bucketID })
    assertProblem(again, 409, 132)
    assert.deepEqual(faultsOf(again), ['granularity'])
    const other = await made({ ...times, name: 'two' })
    assertProblem(await put(other, { name: 'one' }), 409, 132)
    assert.equal((await put(id, { name: 'one' })).status, 204)
  })

  test('23: counts of 63 digits are kept as they are', async () => {
    const snapshotRetention = '9'.repeat(63)
    const id = await made({ granularity: 'hourly', snapshotRetention })
    const { body } = await api.call('GET', `${path}/${id}`)
    assert.equal(body.snapshotRetention, snapshotRetention)
    const greater = `${path}?include=id&filter=snapshotRetention%20gt%20'10'`
    assert.deepEqual((await api.call('GET', greater)).body.items, [[id]])
  })

  test('a PUT keeps what it does not name; another granularity drops what means nothing', async () => {
    const id = await made({ granularity: 'weekly', minute: '5', hour: '3', dayOfWeek: '1' })
    const shown = async () => (await api.call('GET', `${path}/${id}`)).body
    assert.equal((await put(id, { version: '1.2', hour: '4', dayOfWeek: '*' })).status, 204)
    assert.partialDeepStrictEqual(await shown(), {
      version: '1.2',
      hour: '4',
      minute: '5',
      dayOfWeek: '1',
    })
    assert.equal((await put(id, { granularity: 'hourly' })).status, 204)
    const hourly = await shown()
    assert.ok(!('hour' in hourly) && !('dayOfWeek' in hourly) && hourly.minute === '5')
    const daily = await put(id, { granularity: 'daily' })
    assertProblem(daily, 400, 9)
    assert.deepEqual(faultsOf(daily), ['hour'])
    const recurrenceRule = 'DTSTART:20220101T000500Z\nRRULE:FREQ=HOURLY'
    assert.equal((await put(id, { granularity: 'custom', recurrenceRule })).status, 204)
    assert.equal((await shown()).minute, '0')
    assert.equal((await put(id, { granularity: 'daily', hour: '2' })).status, 204)
    const back = await shown()
    assert.deepEqual([back.hour, back.minute, back.recurrenceRule], ['2', '0', undefined])
  })

  test('when it runs next is shown, and changes only with its times', async () => {
    api.clock.now = new Date('2031-05-31T12:00:00Z')
    const id = await made({ granularity: 'monthly', hour: '3', dayOfMonth: '31' })
    const next = async () => {
      const item = await api.call('GET', `holdfast/v1/apps/${appID}/schedules/${id}`)
      return item.body.dueTime
    }
    assert.equal(await next(), '2031-06-30T03:00:00Z')
    api.clock.now = new Date('2031-07-01T12:00:00Z')
    await put(id, { name: 'another', snapshotRetention: '9' })
    assert.equal(await next(), '2031-06-30T03:00:00Z')
    await put(id, { enabled: 'false' })
    assert.equal(await next(), undefined)
    await put(id, { enabled: 'true' })
    assert.equal(await next(), '2031-07-31T03:00:00Z')
    await put(id, { hour: '4' })
    assert.equal(await next(), '2031-07-31T04:00:00Z')
  })

  test('its runs are listed, and go with it', async () => {
    const id = await made({ granularity: 'hourly' })
    const runs = `holdfast/v1/apps/${appID}/schedules/${id}/runs`
    const run = {
      id: randomUUID(),
      scheduleID: id,
      dueAt: new Date('2031-01-01T00:00:00Z'),
      state: 'skipped',
      reason: 'The run before it had not ended.',
      now: api.clock.now,
    } as const
    await insertScheduleRun(api.database, run)
    const { body } = await api.call('GET', `${runs}?filter=state%20eq%20'skipped'`)
    assert.partialDeepStrictEqual(body.items, [
      { id: run.id, scheduleID: id, dueTime: '2031-01-01T00:00:00Z', reason: run.reason },
    ])
    assert.equal((await api.call('DELETE', `${path}/${id}`)).status, 204)
    assertProblem(await api.call('GET', runs), 404, 2)
    assertProblem(await api.call('DELETE', `${path}/${id}`), 404, 1)
    assertProblem(await put(id, {}), 404, 1)
  })

  test('an app says how well its schedules protect it', async () => {
    const state = async () => {
      const { body } = await api.call('GET', `k8s/v2/apps/${appID}`)
      const list = `k8s/v2/apps?include=id&filter=protectionState%20eq%20'${body.protectionState}'`
      assert.deepEqual((await api.call('GET', list)).body.items, [[appID]])
      const details = body.protectionStateDetails.map(({ title }: { title: string }) => title)
      return [body.protectionState, ...details]
    }
    assert.deepEqual(await state(), ['none'])
    const id = await made({ granularity: 'hourly' })
    assert.deepEqual(await state(), ['partial', 'no backup yet'])
    const runAt = async (text: string, runState: 'completed' | 'failed') => {
      const run = { id: randomUUID(), scheduleID: id, dueAt: new Date(text), now: api.clock.now }
      await insertScheduleRun(api.database, { ...run, state: 'running' })
      const { queries } = api.database
      await queries
        .updateTable('schedule_runs')
        .set({ state: runState })
        .where('id', '=', run.id)
        .execute()
    }
    await runAt('2031-01-01T00:00:00Z', 'failed')
    assert.deepEqual(await state(), ['atRisk', 'last run failed'])
    const backupID = await completedBackup(api, appID)
    await setBackup(api, backupID, { schedule_id: id })
    assert.deepEqual(await state(), ['partial', 'last run failed'])
    await runAt('2031-01-01T01:00:00Z', 'completed')
    assert.deepEqual(await state(), ['partial', 'no snapshot yet'])
    const snapshotID = await completedSnapshot(api, appID)
    await setSnapshot(api, snapshotID, { schedule_id: id })
    assert.deepEqual(await state(), ['protected'])
    await put(id, { enabled: 'false' })
    assert.deepEqual(await state(), ['none'])
  })
})
