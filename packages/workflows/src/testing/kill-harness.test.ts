// The harness that finds nothing wrong is itself shown things that are wrong.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { insertObligation } from '@holdfast/db'
import { assertNothingLeft, forbidFallingPercent, runKilled } from './kill-harness.ts'
import { makeWorld, type World } from './world.ts'

let world: World

before(async () => {
  world = await makeWorld()
  await forbidFallingPercent(world)
})

after(() => world.dispose())

test('a step that is never reached is noticed', async () => {
  const operation = await world.backup({ snapshotID: randomUUID() })
  const kill = { workflow: 'backup', step: 'commit-backup', position: 'before' } as const
  await assert.rejects(
    runKilled(world, { operation, kills: [{ ...kill, process: 'service' }], endsAs: 'failed' }),
    /steps that were never reached/,
  )
})

test('an end other than the expected one is noticed', async () => {
  const operation = await world.backup({ snapshotID: randomUUID() })
  await assert.rejects(
    runKilled(world, { operation, kills: [], endsAs: 'completed' }),
    /copy-not-found/,
  )
})

test('a percentage that falls is refused', async () => {
  const { taskID } = await world.backup()
  await world.rows('update tasks set percent_done = 5 where id = $1', taskID)
  await assert.rejects(
    world.rows('update tasks set percent_done = 4 where id = $1', taskID),
    /fell from 5 to 4/,
  )
})

test('an obligation that is left is noticed', async () => {
  await assertNothingLeft(world)
  await insertObligation(world.database.database, {
    id: randomUUID(),
    taskID: undefined,
    workflowID: 'backup:none',
    boot: 'none',
    clusterID: undefined,
    kind: 'turn',
    resource: 'app:none',
    detail: {},
  })
  await assert.rejects(assertNothingLeft(world))
})
