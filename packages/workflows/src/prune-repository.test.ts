import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import type { Execution } from './execution.ts'
import { pruneRepository } from './prune-repository.ts'
import { makeWorld, type World } from './testing/world.ts'

let world: World

before(async () => {
  world = await makeWorld()
})

after(async () => {
  await world.dispose()
})

test('a prune that uses up its batches says so in the log of the task', async () => {
  const { taskID } = await world.backup()
  const warnings: string[] = []
  const log = { warn: (message: string) => warnings.push(message) }
  // Without any batch nothing else of the execution is needed.
  const execution = { taskID, runtime: { database: world.database.database, log } }
  await pruneRepository(execution as unknown as Execution, {
    appID: world.appID,
    repositoryID: randomUUID(),
    batchesMax: 0,
  })
  const message =
    'The repository is not pruned to its end after 0 batches; the next deletion goes on.'
  const rows = await world.rows('select level, message from task_log where task_id = $1', taskID)
  assert.deepEqual(rows, [{ level: 'warning', message }])
  assert.deepEqual(warnings, [message])
})
