// Lists over HTTP: pages, filters, orders, rows of fields, counts.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, afterEach, before, describe, test } from 'node:test'
import { assertAnswersConform, makeTestApi, type TestApi } from '../testing/test-api.ts'
import { assertProblem, manageApp, postBackup } from '../testing/test-resources.ts'

let api: TestApi
let appID: string
const COUNT = 2000

before(async () => {
  api = await makeTestApi()
  appID = await manageApp(api, 'shop')
  const states = ['completed', 'failed', 'running', 'pending']
  const rows = Array.from({ length: COUNT }, (_, at) => ({
    id: randomUUID(),
    account_id: api.tenant.accountID,
    app_id: appID,
    bucket_id: api.tenant.bucketID,
    name: `backup-${at}`,
    state: states[at % 4] ?? '',
    created_at: new Date(Date.UTC(2026, 0, 1) + at),
    percent_done: at % 101,
    labels: JSON.stringify([{ name: 'number', value: String(at) }]),
    state_unready: at % 4 === 1 ? JSON.stringify([`reason ${at % 3}`]) : '[]',
    taken_at: at % 2 === 0 ? new Date(Date.UTC(2026, 0, 1, 0, 0, at)) : null,
  }))
  await api.database.queries.insertInto('backups').values(rows).execute()
})
after(() => api.close())
afterEach(assertAnswersConform)

function list(query: Readonly<Record<string, string>> | string = '', path = 'appBackups') {
  const text = new URLSearchParams(query).toString()
  return api.call('GET', `k8s/v1/apps/${appID}/${path}${text === '' ? '' : `?${text}`}`)
}

describe('pages', () => {
  test('two thousand backups by the page, in any order', async () => {
    for (const orderBy of [undefined, 'name', 'name desc', 'backupCreationTimestamp desc']) {
      const seen: string[] = []
      let token: string | undefined
      do {
        const { body } = await list({
          include: 'name',
          limit: '307',
          ...(orderBy === undefined ? {} : { orderBy }),
          ...(token === undefined ? {} : { continue: token }),
        })
        seen.push(...body.items.flat())
        token = body.metadata.continue
      } while (token !== undefined)
      assert.equal(seen.length, COUNT)
      assert.equal(new Set(seen).size, COUNT)
      if (orderBy === 'name') assert.deepEqual(seen, seen.toSorted())
      if (orderBy === 'name desc') assert.deepEqual(seen, seen.toSorted().reverse())
      if (orderBy === undefined) assert.deepEqual(seen.toSorted(), (await allNames()).toSorted())
    }
  })

  test('a token belongs to its list, filter and order', async () => {
    const query = { limit: '5', filter: "state eq 'completed'", orderBy: 'name' }
    const token = (await list(query)).body.metadata.continue
    assert.equal((await list({ ...query, continue: token })).status, 200)
    assert.equal((await list({ ...query, limit: '9', count: 'true', continue: token })).status, 200)
    for (const changed of [
      { ...query, filter: "state eq 'failed'" },
      { ...query, orderBy: 'name desc' },
      { limit: '5', orderBy: 'name' },
    ]) {
      const answer = await list({ ...changed, continue: token })
      assertProblem(answer, 400, 5)
      assert.equal(answer.body.invalidParams[0].name, 'continue')
    }
    const elsewhere = new URLSearchParams({ ...query, continue: token })
    assertProblem(await api.call('GET', `topology/v1/appBackups?${elsewhere}`), 400, 5)
    const altered = (token.startsWith('A') ? 'B' : 'A') + token.slice(1)
    assertProblem(await list({ ...query, continue: altered }), 400, 5)
  })

  test('skip passes over the first ones, once', async () => {
    const names = await allNames()
    const first = (await list({ include: 'name', skip: '7', limit: '3' })).body
    assert.deepEqual(first.items.flat(), names.slice(7, 10))
    const token = first.metadata.continue
    const query = { include: 'name', skip: '7', limit: '3', continue: token }
    assert.deepEqual((await list(query)).body.items.flat(), names.slice(10, 13))
    assert.deepEqual((await list({ skip: '2000' })).body.items, [])
    assert.deepEqual((await list({ skip: '99999999999999999999999' })).body.items, [])
    assert.equal((await list({ limit: '99999999999999999999999' })).body.items.length, COUNT)
  })

  test('count is of all matches, pages aside', async () => {
    const { metadata } = (await list({ count: 'true', limit: '1', skip: '3' })).body
    assert.equal(metadata.count, COUNT)
    const filtered = await list({ count: 'true', filter: "state eq 'failed'", limit: '2' })
    assert.equal(filtered.body.metadata.count, COUNT / 4)
  })
})

describe('filters', () => {
  async function namesWith(...filters: string[]): Promise<string[]> {
    const query = new URLSearchParams({ include: 'name' })
    for (const filter of filters) query.append('filter', filter)
    const answer = await api.call('GET', `k8s/v1/apps/${appID}/appBackups?${query}`)
    assert.equal(answer.status, 200, answer.text)
    return answer.body.items.flat()
  }

  test('compare texts, numbers and times', async () => {
    assert.deepEqual(await namesWith("name eq 'backup-77'"), ['backup-77'])
    assert.equal((await namesWith("percentDone gte '99'")).length, 38)
    assert.equal((await namesWith("percentDone lt '2'")).length, 40)
    const early = await namesWith("backupCreationTimestamp lte '2026-01-01T00:00:04Z'")
    assert.deepEqual(early.toSorted(), ['backup-0', 'backup-2', 'backup-4'])
    assert.deepEqual(await namesWith("backupCreationTimestamp lt '0000-01-01T00:00:00Z'"), [])
    const exact = await namesWith("backupCreationTimestamp eq '2026-01-01T00:00:08.000Z'")
    assert.deepEqual(exact, ['backup-8'])
  })

  test('in means contains', async () => {
    const names = await namesWith("name in 'p-199'")
    assert.equal(names.length, 11)
    assert.ok(names.includes('backup-199') && names.includes('backup-1990'))
  })

  test('commas and several parameters must all hold', async () => {
    const expected = (await allNames()).filter((_, at) => at % 4 === 1 && at % 101 < 3).length
    assert.equal((await namesWith("state eq 'failed',percentDone lt '3'")).length, expected)
    assert.equal((await namesWith("state eq 'failed'", "percentDone lt '3'")).length, expected)
    assert.deepEqual(await namesWith("state eq 'failed'", "state eq 'running'"), [])
  })

  test('members of arrays are reached by [*], and values may hold what the grammar allows', async () => {
    assert.deepEqual(await namesWith("metadata.labels[*].value eq '1234'"), ['backup-1234'])
    const reasoned = (await allNames()).filter((_, at) => at % 4 === 1 && at % 3 === 2)
    assert.deepEqual(await namesWith("stateUnready[*] eq 'reason 2'"), reasoned)
    assert.equal((await namesWith("metadata.labels[*].name eq 'other'")).length, 0)
    const own = `metadata.createdBy eq '${api.tenant.userID}'`
    const { body } = await postBackup(api, appID, { name: 'own' })
    assert.deepEqual(await namesWith(own), ['own'])
    assert.deepEqual(await namesWith(`id eq '${body.id}'`), ['own'])
    await api.database.queries.deleteFrom('backups').where('id', '=', body.id).execute()
    assert.deepEqual(await namesWith(`name eq 'a,b "c" {d} [e] f@g:h;i<j=k>l?m/n\\o^p_q'`), [])
  })

  test('the plus sign and %20 are both a space', async () => {
    for (const filter of ["name+eq+'backup-5'", "name%20eq%20'backup-5'"]) {
      const answer = await api.call('GET', `k8s/v1/apps/${appID}/appBackups?filter=${filter}`)
      assert.equal(answer.body.items.length, 1)
    }
  })
})

describe('answers', () => {
  test('without a limit everything, whole or as rows', async () => {
    const whole = await list()
    assert.equal(whole.body.items.length, COUNT)
    assert.deepEqual(Object.keys(whole.body), ['type', 'version', 'items', 'metadata'])
    assert.equal(whole.body.items[0].type, 'application/astra-appBackup')
    const rows = await list({ include: 'percentDone,metadata' })
    assert.equal(rows.body.items.length, COUNT)
    assert.equal(rows.body.items[3][0], 3)
    assert.deepEqual(rows.body.items[3][1].labels, [{ name: 'number', value: '3' }])
  })

  test('an empty list is a list', async () => {
    const { body } = await list({}, 'appSnaps')
    assert.deepEqual(body.items, [])
    assert.equal(body.type, 'application/astra-appSnaps')
  })
})

async function allNames(): Promise<string[]> {
  return (await list({ include: 'name' })).body.items.flat()
}
