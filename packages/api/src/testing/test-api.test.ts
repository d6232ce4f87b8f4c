// The check of every answer against its schema is shown to find what it is there to find.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { assertAnswersConform, makeTestApi, type TestApi } from './test-api.ts'

let api: TestApi
before(async () => {
  api = await makeTestApi()
})
after(() => api.close())

test('an answer that breaks its schema is found, in an item and in a list', async () => {
  const bucket = api.database.queries.updateTable('buckets').where('id', '=', api.tenant.bucketID)
  await bucket.set({ provider: 'floppy' }).execute()
  for (const path of ['topology/v1/buckets', `topology/v1/buckets/${api.tenant.bucketID}`]) {
    assert.equal((await api.call('GET', path)).status, 200)
    assert.throws(assertAnswersConform, /provider/)
  }
  await bucket.set({ provider: 'local' }).execute()
  await api.call('GET', 'topology/v1/buckets')
  assertAnswersConform()
})
