// Backup, restore, snapshot and deletion of a real directory app, with the real mover.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { startTestService } from './testing/test-service.ts'
import { copyTree, makeWorld, type Operation, type World } from './testing/world.ts'
import type { Workflows } from './workflow-types.ts'

let world: World
let workflows: Workflows

before(async () => {
  world = await makeWorld()
  workflows = await startTestService({ ...world, database: world.database.database })
})

after(async () => {
  await workflows.close()
  await world.dispose()
})

test('a backup is completed, and a restore brings the app back as it was', async () => {
  const backup = await run(await world.backup())
  const row = await world.row('select * from backups where id = $1', backup.resourceID)
  assert.partialDeepStrictEqual(row, {
    state: 'completed',
    percent_done: 100,
    bytes_done: row.total_bytes,
    state_unready: [],
  })
  const pristine = join(world.home, 'pristine')
  copyTree(world.appPath, pristine)
  rmSync(join(world.appPath, 'data', 'deep'), { recursive: true })
  writeFileSync(join(world.appPath, 'config', 'app.ini'), 'broken')
  await run(await world.restore({ kind: 'backup', id: backup.resourceID }))
  const app = await world.row('select state, state_details from apps where id = $1', world.appID)
  assert.deepEqual(app, { state: 'ready', state_details: [] })
  execFileSync('diff', ['-r', '--no-dereference', pristine, world.appPath])
  await assertNothingLeft()
  console.table(
    await world.rows(
      `select t.kind, s.position, s.name, extract(epoch from s.ended_at - s.started_at)::float8 as seconds, extract(epoch from s.started_at - min(s.started_at) over ())::float8 as at from task_steps s join tasks t on t.id=s.task_id order by s.started_at`,
    ),
  )
})

async function run(operation: Operation): Promise<Operation> {
  await workflows.startTask(operation.taskID)
  await workflows.whenIdle()
  const task = await world.row('select state, failure from tasks where id = $1', operation.taskID)
  assert.deepEqual(task, { state: 'completed', failure: null })
  return operation
}

async function assertNothingLeft(): Promise<void> {
  assert.deepEqual(await world.rows('select kind, resource, detail from obligations'), [])
  assert.deepEqual(
    await world.rows(`select id, kind, state from tasks where state <> 'completed'`),
    [],
  )
  assert.deepEqual(
    await world.rows(`select name from application_snapshots where deleted_at is null`),
    [],
  )
}
