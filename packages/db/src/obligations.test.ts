import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { deleteObligation, insertObligation, listObligations, requestTurn } from './obligations.ts'
import { makeTestDatabase, type TestDatabase } from './testing/index.ts'

let world: TestDatabase

before(async () => {
  world = await makeTestDatabase()
})

after(() => world.drop())

test('an obligation is written once and found by what it concerns', async () => {
  const { database } = world
  const obligation = { ...common(), kind: 'mover' as const, detail: { pid: 1 } }
  await insertObligation(database, obligation)
  await insertObligation(database, { ...obligation, detail: { pid: 2 } })
  const found = await listObligations(database, { kind: 'mover', resource: obligation.resource })
  assert.deepEqual(
    found.map(({ id, detail }) => [id, detail]),
    [[obligation.id, { pid: 1 }]],
  )
  await deleteObligation(database, obligation.id)
  assert.deepEqual(await listObligations(database, { kind: 'mover' }), [])
})

test('requests for one resource decide one after the other, in the order of their arrival', async () => {
  const { database } = world
  const resource = `repository:${randomUUID()}`
  const requests = Array.from({ length: 8 }, () => ({
    ...common(),
    resource,
    mode: 'exclusive' as const,
  }))
  const answers = await Promise.all(
    requests.map((request) =>
      requestTurn(database, request, (queue, id) => queue[0]?.id === id && !queue[0].isGranted),
    ),
  )
  assert.equal(answers.filter((isGranted) => isGranted).length, 1)
  const [first] = await listObligations(database, { kind: 'turn', resource })
  assert.equal(first?.id, requests[answers.indexOf(true)]?.id)
  // Who has it gets it again, whatever the others say: a crash repeats the request.
  const holder = requests[answers.indexOf(true)]
  assert.ok(holder)
  assert.equal(await requestTurn(database, holder, () => false), true)
})

function common() {
  const id = randomUUID()
  return {
    id,
    taskID: undefined,
    workflowID: `backup:${id}`,
    boot: 'boot',
    clusterID: undefined,
    resource: `repository:${id}`,
  }
}
