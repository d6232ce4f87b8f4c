// Lists that are longer than what is held in memory at once.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { hexIDOf } from '@holdfast/db'
import { assertAnswersConform, makeTestApi, type TestApi } from '../testing/test-api.ts'
import { assertContainerError } from '../testing/test-containers.ts'
import { completedBackup, manageApp } from '../testing/test-resources.ts'
import { LIST_LENGTH_MAX } from './list-page.ts'

const COUNT = 1234

let api: TestApi
let appID: string
before(async () => {
  api = await makeTestApi()
  appID = await manageApp(api, 'shop')
  await completedBackup(api, appID)
  await copyBackup(COUNT - 1)
})
after(() => api.close())
afterEach(assertAnswersConform)

/** Rows like the one that is there, with other ids, times and sizes; many share them. */
async function copyBackup(count: number): Promise<void> {
  const { pool } = api.database
  await pool.query(
    `insert into backups
      select copy.*
      from backups as one, generate_series(1, $1) as at,
        jsonb_populate_record(one, jsonb_build_object(
          'id', gen_random_uuid(),
          'name', 'copy-' || at,
          'state', case when at % 7 = 0 then 'failed' else 'completed' end,
          'created_at', one.created_at + (at / 5) * interval '1 second')) as copy`,
    [count],
  )
  await pool.query(
    `insert into container_backups
      select left(replace(backups.id::text, '-', ''), 24), one.account_id, one.app_id, backups.id,
        one.instance_id
      from (select * from container_backups) as one, backups
      where backups.id <> one.backup_id`,
  )
}

interface Shown {
  readonly id: string
  readonly state: { readonly current: string }
  readonly events: { readonly created: string }
}

async function listed(query = ''): Promise<readonly Shown[]> {
  const answer = await api.callContainer('GET', `containers/${hexIDOf(appID)}/backups${query}`)
  assert.equal(answer.status, 200, answer.text.slice(0, 300))
  return answer.body.data
}

test('without a page everything is answered, in whatever order', async () => {
  const all = await listed()
  assert.equal(all.length, COUNT)
  assert.equal(new Set(all.map(({ id }) => id)).size, COUNT)
  const keyOf = ({ events, id }: Shown) => `${events.created} ${id}`
  assert.deepEqual(all.map(keyOf), all.map(keyOf).toSorted())

  const byState = await listed('?sort=-state.current,events.created')
  const stateKeyOf = ({ state, events }: Shown) =>
    `${state.current === 'live' ? 0 : 1} ${events.created}`
  assert.equal(new Set(byState.map(({ id }) => id)).size, COUNT)
  assert.deepEqual(byState.map(stateKeyOf), byState.map(stateKeyOf).toSorted())

  const byID = await listed('?sort=-id')
  const ids = all.map(({ id }) => id).toSorted()
  assert.deepEqual(
    byID.map(({ id }) => id),
    ids.toReversed(),
  )
})

test('what is included follows the data, however much that is', async () => {
  const path = `containers/${hexIDOf(appID)}/backups?include=integrations`
  const { body } = await api.callContainer('GET', path)
  assert.equal(body.data.length, COUNT)
  assert.deepEqual(Object.keys(body.includes.integrations), [hexIDOf(api.tenant.bucketID)])
})

test('pages together are the whole', async () => {
  const paged: string[] = []
  for (let number = 1; ; number += 1) {
    const page = await listed(`?sort=-events.created&page[size]=300&page[number]=${number}`)
    paged.push(...page.map(({ id }) => id))
    if (page.length < 300) break
  }
  assert.equal(paged.length, COUNT)
  const whole = (await listed('?sort=-events.created')).map(({ id }) => id)
  assert.deepEqual(paged, whole)
})

test('a list that is not answered in parts is refused when it is too long, and given in pages', async () => {
  await api.database.pool.query(
    `insert into apps
      select copy.*
      from apps as one, generate_series(1, $1) as at,
        jsonb_populate_record(one, jsonb_build_object(
          'id', gen_random_uuid(), 'name', 'app-' || at)) as copy`,
    [LIST_LENGTH_MAX],
  )
  assertContainerError(await api.callContainer('GET', 'containers'), '422.max-exceeded')
  const page = await api.callContainer('GET', 'containers?page[size]=1&page[number]=10001')
  assert.equal(page.body.data.length, 1)
})
