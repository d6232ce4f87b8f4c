// Clones and filtered restores with a real platform and real movers, without kills.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { requestTaskCancel } from '@holdfast/db'
import { mountFilesystem } from '@holdfast/platforms/testing'
import { assertNothingLeft } from './testing/kill-harness.ts'
import { startTestService } from './testing/test-service.ts'
import { makeWorld, type Operation, type World } from './testing/world.ts'
import type { Workflows } from './workflow-types.ts'

let world: World
let service: Workflows
const otherClusterID = randomUUID()
/** Of the app as it is. */
let backup: Operation
/** Called at every passage of a step. */
let watch: (step: string) => Promise<void> = async () => undefined
before(async () => {
  world = await makeWorld()
  const otherRoot = join(world.home, 'other')
  mkdirSync(otherRoot)
  await world.rows(
    `insert into clusters (id, account_id, cloud_id, name, cluster_type, cluster_version, managed_at)
     select $1, account_id, cloud_id, 'other', 'host', '1', now() from clusters`,
    otherClusterID,
  )
  service = await startTestService({
    database: world.database.database,
    home: world.home,
    hostRoot: world.hostRoot,
    otherHosts: new Map([[otherClusterID, otherRoot]]),
    observer: ({ workflow, step, position }) =>
      position === 'before' ? watch(`${workflow}/${step}`) : Promise.resolve(),
  })
})
after(async () => {
  await service.close()
  await world.dispose()
})

async function run(operation: Operation): Promise<Record<string, unknown>> {
  await service.startTask(operation.taskID)
  await service.whenIdle()
  return await world.row('select state, failure from tasks where id = $1', operation.taskID)
}

async function completed(operation: Operation): Promise<Operation> {
  const task = await run(operation)
  assert.equal(task.state, 'completed', JSON.stringify(task.failure))
  return operation
}

function ofBackup() {
  return { kind: 'backup', id: backup.resourceID } as const
}

function appRow(id: string): Promise<Record<string, unknown>> {
  return world.row('select state, state_details from apps where id = $1', id)
}

function assertSame(namespace: string, hostRoot = world.hostRoot): void {
  const twin = join(hostRoot, namespace)
  execFileSync('diff', ['-r', '--no-dereference', '-x', '.holdfast', world.appPath, twin])
}

test('a live clone is a whole copy, ready only when the data is there, and keeps no snapshot', async () => {
  const clone = await world.clone('live', { namespace: 'twin' })
  const states: [string, unknown][] = []
  watch = async (step) => {
    if (!step.startsWith('clone/')) return
    states.push([step, (await appRow(clone.resourceID)).state])
  }
  await completed(clone)
  watch = async () => undefined
  assertSame('twin')
  assert.deepEqual(
    states.filter(([, state]) => state === 'ready').map(([step]) => step),
    ['clone/finish-restore', 'clone/drop-source', 'clone/end-clone'],
  )
  assert.deepEqual(await appRow(clone.resourceID), { state: 'ready', state_details: [] })
  const assets = await world.rows(
    'select asset_name from app_assets where app_id = $1 order by 1',
    clone.resourceID,
  )
  assert.deepEqual(
    assets.map(({ asset_name }) => asset_name),
    ['config', 'data', 'twin'],
  )
  const kept = await world.rows('select id from application_snapshots where deleted_at is null')
  assert.deepEqual(kept, [])
  await assertNothingLeft(world)
})

test('a clone of a backup needs neither its app nor what is there now', async () => {
  backup = await completed(await world.backup())
  const before = readFileSync(join(world.appPath, 'config/app.ini'), 'utf8')
  writeFileSync(join(world.appPath, 'config/app.ini'), 'changed')
  await world.rows('update apps set hidden_at = now() where id = $1', world.appID)
  await completed(await world.clone(ofBackup(), { namespace: 'revived' }))
  await world.rows('update apps set hidden_at = null where id = $1', world.appID)
  assert.equal(readFileSync(join(world.hostRoot, 'revived/config/app.ini'), 'utf8'), before)
  writeFileSync(join(world.appPath, 'config/app.ini'), before)
  const restoreFilter = {
    resourceSelectionCriteria: 'exclude',
    GVKN: [{ kind: 'Volume', names: ['data'] }],
  } as const
  await completed(await world.clone(ofBackup(), { namespace: 'part', restoreFilter }))
  assert.deepEqual(readdirSync(join(world.hostRoot, 'part')).sort(), ['compose.yaml', 'config'])
})

test('a filtered restore in place leaves the rest alone', async () => {
  const [config, orders] = ['config/app.ini', 'data/orders.db'].map((it) => join(world.appPath, it))
  assert.ok(config !== undefined && orders !== undefined)
  const good = readFileSync(config, 'utf8')
  writeFileSync(config, 'broken')
  writeFileSync(orders, 'later orders')
  writeFileSync(join(world.appPath, 'compose.yaml'), 'later')
  const filter = { resourceSelectionCriteria: 'include', GVKN: [{ names: ['config'] }] } as const
  await completed(await world.restore(ofBackup(), filter))
  assert.equal(readFileSync(config, 'utf8'), good)
  assert.equal(readFileSync(orders, 'utf8'), 'later orders')
  assert.equal(readFileSync(join(world.appPath, 'compose.yaml'), 'utf8'), 'later')
  await completed(await world.restore(ofBackup()))
  assert.notEqual(readFileSync(orders, 'utf8'), 'later orders')
})

test('a clone on another cluster takes snapshots from where they lie', async (t) => {
  const mounted = mountFilesystem('xfs', { sizeMebibytes: 320 })
  if (typeof mounted === 'string') return t.skip(`NOT TESTED: ${mounted}`)
  using _mounted = mounted
  const target = join(world.appPath, 'media')
  mkdirSync(target)
  execFileSync('mount', ['--bind', mounted.path, target])
  try {
    writeFileSync(join(target, 'picture'), Buffer.alloc(100_000, 'pixel'))
    let taken: unknown
    watch = async (step) => {
      if (step !== 'clone/plan-clone') return
      const key = 'media'
      const row = await world.row('select strategy from volume_snapshots where key = $1', key)
      taken = row.strategy
    }
    const options = { namespace: 'far', clusterID: otherClusterID }
    await completed(await world.clone('live', options))
    watch = async () => undefined
    assert.equal(taken, 'reflink')
    assertSame('far', join(world.home, 'other'))
    assert.ok(!existsSync(join(world.hostRoot, 'far')))
    await assertNothingLeft(world)
  } finally {
    execFileSync('umount', [target])
    rmSync(target, { recursive: true })
  }
})

test('a namespace that appears meanwhile fails the clone and is left as it is', async () => {
  const clone = await world.clone(ofBackup(), { namespace: 'taken' })
  const path = join(world.hostRoot, 'taken')
  watch = async (step) => {
    if (step !== 'clone/commit-restore') return
    mkdirSync(path)
    writeFileSync(join(path, 'foreign'), 'of somebody else')
  }
  const task = await run(clone)
  watch = async () => undefined
  assert.equal(task.state, 'failed')
  assert.deepEqual(task.failure, { code: 'namespace-exists', namespace: 'taken' })
  const app = await appRow(clone.resourceID)
  assert.equal(app.state, 'failed')
  assert.match(JSON.stringify(app.state_details), /namespace taken exists already/)
  assert.deepEqual(readdirSync(path), ['foreign'])
  rmSync(path, { recursive: true })
  await assertNothingLeft(world)
})

test('a cancelled clone is failed and leaves no namespace', async () => {
  const clone = await world.clone(ofBackup(), { namespace: 'stopped' })
  watch = async (step) => {
    if (step !== 'clone/restore-volume') return
    const { accountID, userID } = world
    await requestTaskCancel(world.database.database, { accountID, taskID: clone.taskID, userID })
  }
  const task = await run(clone)
  watch = async () => undefined
  assert.equal(task.state, 'cancelled')
  const app = await appRow(clone.resourceID)
  assert.equal(app.state, 'failed')
  assert.match(JSON.stringify(app.state_details), /cancelled by Holdfast Owner/)
  assert.ok(!existsSync(join(world.hostRoot, 'stopped')))
  await assertNothingLeft(world)
})

test('a live clone whose snapshot fails says why', async () => {
  const clone = await world.clone('live', { namespace: 'none' })
  watch = async (step) => {
    if (step === 'snapshot/discover') rmSync(join(world.appPath), { recursive: true })
  }
  const task = await run(clone)
  watch = async () => undefined
  assert.equal(task.state, 'failed')
  assert.partialDeepStrictEqual(task.failure, { code: 'source-not-copied' })
  assert.match(JSON.stringify(await appRow(clone.resourceID)), /namespace shop does not exist/)
})
