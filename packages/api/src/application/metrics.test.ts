// The metrics of an account and of the service: complete, bounded, and for whom they are meant.
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import {
  addTenant,
  addUser,
  assertAnswersConform,
  makeTestApi,
  TEST_METRICS_TOKEN,
  type TestApi,
} from '../testing/test-api.ts'
import {
  assertProblem,
  completedBackup,
  manageApp,
  postSnapshot,
  setBackup,
  tellNotification,
} from '../testing/test-resources.ts'

let api: TestApi
let appID: string
before(async () => {
  api = await makeTestApi()
  appID = await manageApp(api, 'shop')
  const backupID = await completedBackup(api, appID)
  await setBackup(api, backupID, { total_bytes: 4096, taken_at: '2026-05-04T09:00:00Z' })
  await completedBackup(api, appID)
  await postSnapshot(api, appID)
  await tellNotification(api)
})
after(() => api.close())
afterEach(assertAnswersConform)

describe('metrics of an account', () => {
  const read = (headers = {}) => api.call('GET', 'metrics', { headers })

  test('count what there is, as OpenMetrics', async () => {
    const { status, headers, text } = await read()
    assert.equal(status, 200)
    assert.equal(
      headers['content-type'],
      'application/openmetrics-text; version=1.0.0; charset=utf-8',
    )
    const samples = samplesOf(text)
    assert.equal(samples.get('holdfast_apps{state="ready",protection_state="none"}'), 1)
    assert.equal(samples.get('holdfast_backups{state="completed"}'), 2)
    assert.equal(samples.get('holdfast_snapshots{state="pending"}'), 1)
    assert.equal(samples.get('holdfast_tasks{kind="backup",state="notStarted"}'), 2)
    assert.equal(samples.get('holdfast_unread_notifications'), 1)
    const ofApp = `{app_id="${appID}",app="shop"}`
    assert.equal(samples.get(`holdfast_app_completed_backups${ofApp}`), 2)
    assert.equal(samples.get(`holdfast_app_backup_source_bytes${ofApp}`), 4096)
    const time = Date.parse('2026-05-04T09:00:00Z') / 1000
    assert.equal(samples.get(`holdfast_app_last_backup_timestamp_seconds${ofApp}`), time)
  })

  test('follow the grammar: each family is described once, its samples are together, the end is marked', async () => {
    const lines = (await read()).text.split('\n')
    assert.deepEqual(lines.slice(-2), ['# EOF', ''])
    const families: string[] = []
    for (const line of lines.slice(0, -2)) {
      const type = /^# TYPE (\w+) gauge$/.exec(line)?.[1]
      if (type !== undefined) families.push(type)
      if (line.startsWith('#')) continue
      assert.match(line, /^[a-z_]+(\{([a-z_]+="([^"\\\n]|\\["\\n])*",?)+\})? [0-9.e+]+$/)
      assert.equal(/^[a-z_]+/.exec(line)?.[0], families.at(-1))
    }
    assert.equal(new Set(families).size, families.length)
  })

  test('are plain text for a Prometheus that knows nothing else', async () => {
    const plain = await read({ accept: 'text/plain;version=0.0.4;q=0.5,*/*;q=0.1' })
    assert.equal(plain.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
    assert.ok(!plain.text.includes('# EOF'))
    const both = 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5'
    assert.match((await read({ accept: both })).text, /# EOF\n$/)
  })

  test('are for everybody of the account and nobody else', async () => {
    const { token } = await addUser(api.database, api.tenant.accountID, 'viewer')
    assert.equal((await api.call('GET', 'metrics', { token })).status, 200)
    const nobody = await addUser(api.database, api.tenant.accountID, undefined)
    assertProblem(await api.call('GET', 'metrics', { token: nobody.token }), 403, 11)
    assertProblem(await api.call('GET', 'metrics', { token: null }), 401, 3)
    const stranger = await addTenant(api.database)
    assertProblem(await api.call('GET', 'metrics', { token: stranger.token }), 404, 2)
    const theirs = await api.call('GET', `${stranger.path}/metrics`, { token: stranger.token })
    assert.ok(!theirs.text.includes('shop'))
    assertProblem(await api.call('GET', 'metrics?x=1'), 400, 6)
    assertProblem(await api.call('POST', 'metrics'), 405, 69)
  })
})

describe('metrics of the service', () => {
  const read = (token: string | null) => api.call('GET', '/metrics', { token })

  test('count requests by route, never by path, and name nobody', async () => {
    await api.call('GET', `k8s/v2/apps/${appID}`)
    await api.call('GET', 'no/such/path')
    const { text, headers } = await read(TEST_METRICS_TOKEN)
    assert.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
    const samples = samplesOf(text)
    const route = '/accounts/:account_id/k8s/v2/apps/:app_id'
    const labels = `method="GET",route="${route}"`
    assert.equal(samples.get(`holdfast_http_requests_total{${labels},status="200"}`), 1)
    assert.equal(samples.get(`holdfast_http_request_duration_seconds_count{${labels}}`), 1)
    assert.ok(
      [...samples.keys()].some((key) => key.includes('route="unknown",status="404"')),
      'paths that do not exist are one series',
    )
    for (const name of ['shop', appID, api.tenant.accountID, 'example.org']) {
      assert.ok(!text.includes(name), name)
    }
  })

  test('show what the process does and what waits', async () => {
    const samples = samplesOf((await read(TEST_METRICS_TOKEN)).text)
    assert.equal(samples.get('holdfast_movers{state="working"}'), 2)
    assert.equal(samples.get('holdfast_movers{state="waiting"}'), 1)
    assert.equal(samples.get('holdfast_unended_tasks{kind="backup",state="notStarted"}'), 2)
    assert.ok((samples.get('holdfast_database_connections{state="idle"}') ?? 0) >= 0)
    assert.ok((samples.get('process_resident_memory_bytes') ?? 0) > 1_000_000)
    assert.ok(samples.has('nodejs_eventloop_lag_p99_seconds'))
  })

  test('need the token of an owner, or of the monitoring', async () => {
    assert.equal((await read(api.tenant.token)).status, 200)
    const admin = await addUser(api.database, api.tenant.accountID, 'admin')
    assertProblem(await read(admin.token), 403, 11)
    assertProblem(await read(null), 401, 3)
    assertProblem(await read(`${TEST_METRICS_TOKEN}x`), 401, 4)
  })
})

/** `name{labels}` → value */
function samplesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ')
      return [line.slice(0, at), Number(line.slice(at + 1))]
    }),
  )
}
