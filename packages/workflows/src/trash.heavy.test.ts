// Purging with a real platform and real movers: what is due goes, and nothing of it is left.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { hideApp, inTransaction } from '@holdfast/db'
import { beginFailedDeletionsAgain } from './failed-deletions.ts'
import { purgeTrash } from './purge-app.ts'
import { currentRuntime } from './runtime.ts'
import { systemNow } from './testing/clock.ts'
import { assertNothingLeft, assertRepositoriesClean } from './testing/kill-harness.ts'
import { startTestService } from './testing/test-service.ts'
import { makeWorld, type Operation, type World } from './testing/world.ts'
import type { Workflows } from './workflow-types.ts'

let world: World
let service: Workflows
before(async () => {
  world = await makeWorld()
  service = await startTestService({
    database: world.database.database,
    home: world.home,
    hostRoot: world.hostRoot,
  })
})
after(async () => {
  await service.close()
  await world.dispose()
})

async function completed(operation: Operation): Promise<void> {
  await service.startTask(operation.taskID)
  await service.whenIdle()
  const task = await world.row('select state, failure from tasks where id = $1', operation.taskID)
  assert.equal(task.state, 'completed', JSON.stringify(task.failure))
}

async function hide(purgeAfter: Date): Promise<void> {
  const { appID } = world
  await inTransaction(world.database.database, (transaction) =>
    hideApp(transaction, { appID, now: systemNow(), purgeAfter }),
  )
}

async function purge(): Promise<void> {
  await purgeTrash(currentRuntime())
  await service.whenIdle()
}

async function rowsOfApp(): Promise<string[]> {
  const { appID } = world
  const found = []
  for (const [table, column] of [
    ['apps', 'id'],
    ['backups', 'app_id'],
    ['application_snapshots', 'app_id'],
    ['app_assets', 'app_id'],
    ['tasks', 'app_id'],
  ] as const) {
    const rows = await world.rows(`select 1 from ${table} where ${column} = $1`, appID)
    if (rows.length > 0) found.push(table)
  }
  for (const table of ['backup_volumes', 'volume_snapshots', 'app_assets']) {
    if ((await world.rows(`select 1 from ${table}`)).length > 0) found.push(table)
  }
  return found
}

test('what is due leaves the trash: bucket, disk and database', async () => {
  await completed(await world.backup())
  await completed(await world.snapshot())
  const inAWeek = new Date(systemNow().getTime() + 7 * 24 * 3_600_000)
  await hide(inAWeek)
  await purge()
  assert.equal(
    (await world.row('select state from apps where id = $1', world.appID)).state,
    'ready',
  )

  // A bucket that is away keeps everything; nobody needs to ask again for the rest.
  const repository = join(world.bucketPath, 'accounts', world.accountID)
  renameSync(repository, `${repository}.away`)
  await hide(systemNow())
  await purge()
  const app = await world.row('select state from apps where id = $1', world.appID)
  assert.equal(app.state, 'deleting')
  const failed = await world.rows(`select kind from tasks where state = 'failed' order by kind`)
  assert.deepEqual(
    failed.map(({ kind }) => kind),
    ['delete-backup', 'delete-snapshot'],
  )
  renameSync(`${repository}.away`, repository)
  await purge()
  assert.ok((await rowsOfApp()).includes('apps'))

  await world.rows(`update tasks set ended_at = ended_at - interval '2 days'`)
  await beginFailedDeletionsAgain(currentRuntime())
  await service.whenIdle()
  assert.deepEqual(await rowsOfApp(), [])
  await assertNothingLeft(world)
  await assertRepositoriesClean(world)
  const local = join(world.home, 'snapshots', world.clusterID, world.accountID)
  for (const path of [repository, local]) {
    assert.ok(existsSync(path))
    assert.deepEqual(readdirSync(join(path, 'snapshots')), [])
    const packs = readdirSync(join(path, 'data'), { recursive: true, withFileTypes: true })
    assert.deepEqual(
      packs.filter((entry) => entry.isFile()).map(({ name }) => name),
      [],
    )
  }
  assert.ok(existsSync(join(world.appPath, 'data/orders.db')))
})
