// The five operations on a real directory app with the real mover, and what cancels and failures
// make of them.
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, afterEach, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import {
  createSealing,
  insertWebhook,
  openRepositorySecrets,
  registerRepository,
  requestTaskCancel,
} from '@holdfast/db'
import { type Platform, PlatformError } from '@holdfast/platforms'
import type { StepPassage } from './step-observer.ts'
import { systemNow } from './testing/clock.ts'
import { assertEndsAreToldOnce } from './testing/kill-harness.ts'
import { startTestService, TEST_MASTER_KEY } from './testing/test-service.ts'
import { copyTree, makeWorld, type Operation, type World } from './testing/world.ts'
import type { Workflows } from './workflow-types.ts'

let world: World
let workflows: Workflows
let onPassage: (passage: StepPassage) => Promise<void> = async () => undefined
let platformChange: Partial<Platform> = {}
let realPlatform: Platform

before(async () => {
  world = await makeWorld()
  workflows = await startTestService({
    ...world,
    database: world.database.database,
    observer: (passage) => onPassage(passage),
    withPlatform(platform) {
      realPlatform = platform
      return new Proxy(platform, {
        get: (target, name) => Reflect.get({ ...target, ...platformChange }, name),
      })
    },
  })
})

afterEach(() => {
  onPassage = async () => undefined
  platformChange = {}
})

after(async () => {
  await workflows.close()
  await world.dispose()
})

let backup: Operation

test('a backup is completed with all bytes done, and leaves nothing behind', async () => {
  backup = await complete(await world.backup())
  const row = await world.row('select * from backups where id = $1', backup.resourceID)
  assert.partialDeepStrictEqual(row, {
    state: 'completed',
    percent_done: 100,
    bytes_done: row.total_bytes,
    state_unready: [],
    hook_state: 'success',
  })
  assert.ok(Number(row.total_bytes) > 3_000_000)
  const volumes = await world.rows(
    `select namespace, key, strategy, expected_entries = captured_entries as is_whole
     from backup_volumes where backup_id = $1 order by key`,
    backup.resourceID,
  )
  assert.deepEqual(
    volumes.map(({ key, is_whole }) => [key, is_whole]),
    [
      ['.', true],
      ['config', true],
      ['data', true],
    ],
  )
  await assertNothingLeft()
})

test('a restore brings the app back as it was', async () => {
  const pristine = join(world.home, 'pristine')
  copyTree(world.appPath, pristine)
  rmSync(join(world.appPath, 'data', 'deep'), { recursive: true })
  writeFileSync(join(world.appPath, 'config', 'app.ini'), 'broken')
  await complete(await world.restore({ kind: 'backup', id: backup.resourceID }))
  await assertAppState('ready', [])
  execFileSync('diff', ['-r', '--no-dereference', pristine, world.appPath])
  await assertNothingLeft()
})

test('a snapshot is kept locally, backed up from there, restored from, and deleted', async () => {
  const snapshot = await complete(await world.snapshot())
  const facts =
    'select state, snapshot_app_asset, deleted_at from application_snapshots where id = $1'
  const row = await world.row(facts, snapshot.resourceID)
  assert.equal(row.state, 'completed')
  assert.notEqual(row.snapshot_app_asset, null)

  const copy = await complete(await world.backup({ snapshotID: snapshot.resourceID }))
  const sizes = await world.rows(
    'select total_bytes from backups where id in ($1, $2)',
    backup.resourceID,
    copy.resourceID,
  )
  assert.deepEqual(sizes[0], sizes[1])

  writeFileSync(join(world.appPath, 'data', 'orders.db'), 'gone')
  await complete(await world.restore({ kind: 'snapshot', id: snapshot.resourceID }))
  execFileSync('diff', ['-r', '--no-dereference', join(world.home, 'pristine'), world.appPath])

  await complete(await world.deleteSnapshot(snapshot.resourceID))
  assert.notEqual((await world.row(facts, snapshot.resourceID)).deleted_at, null)
  assert.deepEqual(repositoryFiles(localRepository(world.clusterID), 'data'), [])
  await complete(await world.deleteBackup(copy.resourceID))
  await assertNothingLeft()
})

test('every cluster of a machine has snapshots of its own; what could not be made moves', async () => {
  const otherID = randomUUID()
  await world.rows(
    `insert into clusters (id, account_id, cloud_id, name, cluster_type, cluster_version, managed_at)
     select $1, account_id, cloud_id, 'other', 'host', '1', now() from clusters`,
    otherID,
  )
  // Where the first one's would be, as services wrote it that had one directory for all clusters.
  await registerRepository(world.database.database, createSealing(TEST_MASTER_KEY), {
    id: randomUUID(),
    accountID: world.accountID,
    home: { kind: 'cluster', clusterID: otherID },
    prefix: `${world.clusterID}/${world.accountID}/`,
    password: 'another one',
  })
  await world.rows('update apps set cluster_id = $1', otherID)
  const snapshot = await complete(await world.snapshot())
  assert.equal(repositoryFiles(localRepository(otherID), 'snapshots').length, 3)
  assert.equal(repositoryFiles(localRepository(world.clusterID), 'snapshots').length, 0)
  await complete(await world.deleteSnapshot(snapshot.resourceID))
  await world.rows('update apps set cluster_id = $1', world.clusterID)
  await assertNothingLeft()
})

test('what fails after the commit undoes nothing', async () => {
  const commits = ['commit-backup', 'complete-snapshot']
  onPassage = async ({ step, point }) => {
    if (commits.includes(step) && point === 'done') throw new Error('the step breaks')
  }
  const snapshot = await complete(await world.snapshot())
  const copy = await complete(await world.backup({ snapshotID: snapshot.resourceID }))
  onPassage = async () => undefined
  for (const [table, { resourceID }] of [
    ['application_snapshots', snapshot],
    ['backups', copy],
  ] as const) {
    const row = await world.row(`select state from ${table} where id = $1`, resourceID)
    assert.equal(row.state, 'completed')
  }
  assert.deepEqual(await world.rows('select kind from obligations'), [])
  // Three volumes each; in the bucket, those of the first backup and three descriptions as well.
  const local = localRepository(world.clusterID)
  const bucket = join(world.bucketPath, 'accounts', world.accountID)
  assert.equal(repositoryFiles(local, 'snapshots').length, 3)
  assert.equal(repositoryFiles(bucket, 'snapshots').length, 9)
  await complete(await world.deleteBackup(copy.resourceID))
  await complete(await world.deleteSnapshot(snapshot.resourceID))
  await assertNothingLeft()
})

test('a move that breaks off is not undone while its siblings still write', async () => {
  const operation = await world.backup()
  let brokenID: string | undefined
  let atUndo: unknown
  onPassage = async ({ step, workflowID, position }) => {
    if (step === 'move-volume' && position === 'before') brokenID ??= workflowID
    const isItsStep = step === 'move-volume' || step === 'fail-move'
    if (isItsStep && position === 'before' && workflowID === brokenID) {
      throw new Error('the move breaks')
    }
    if (step !== 'undo-backup' || position !== 'before') return
    atUndo = await world.rows(
      `select state from tasks where parent_task_id = $1 and kind = 'move' and workflow_id <> $2`,
      operation.taskID,
      brokenID,
    )
  }
  await end(operation, 'failed')
  assert.deepEqual(atUndo, [{ state: 'completed' }, { state: 'completed' }])
  // The sweep would end the task of the broken move as lost.
  await world.rows(`update tasks set state = 'failed' where workflow_id = $1`, brokenID)
  await assertNothingLeft()
})

test('a cancel while a mover works stops it and undoes the backup', async () => {
  const operation = await world.backup()
  cancelWhenMoverRuns(operation, 'move-volume')
  await end(operation, 'cancelled')
  const row = await world.row(
    'select state, state_unready from backups where id = $1',
    operation.resourceID,
  )
  assert.deepEqual(row, { state: 'failed', state_unready: ['cancelled by Holdfast Owner'] })
  await assertNothingLeft()
})

test('a cancelled restore puts the app back to its former state', async () => {
  const operation = await world.restore({ kind: 'backup', id: backup.resourceID })
  cancelWhenMoverRuns(operation, 'restore-volume')
  await end(operation, 'cancelled')
  await assertAppState('ready', [])
  await assertNothingLeft()
})

test('an app that was failed says why once more when its restore is cancelled', async () => {
  const formerStateDetails = [{ type: 'urn:x', title: 'Restore failed', detail: 'No space.' }]
  const operation = await world.restore({ kind: 'backup', id: backup.resourceID })
  await world.rows(
    'update tasks set input = input || $2::jsonb where id = $1',
    operation.taskID,
    JSON.stringify({ formerState: 'failed', formerStateDetails }),
  )
  const { database } = world.database
  const { accountID } = world
  await requestTaskCancel(database, { accountID, taskID: operation.taskID })
  await end(operation, 'cancelled')
  const app = await world.row('select state, state_details from apps where id = $1', world.appID)
  assert.deepEqual(app, { state: 'failed', state_details: formerStateDetails })
  await world.rows(`update apps set state = 'ready', state_details = '[]'`)
})

test('a restore that cannot begin leaves the app failed with the reason and the data untouched', async () => {
  platformChange = {
    prepareRestore: async () => {
      throw new PlatformError({ code: 'target-not-writable', path: '/x', reason: 'read-only' })
    },
  }
  const operation = await world.restore({ kind: 'backup', id: backup.resourceID })
  await end(operation, 'failed')
  await assertAppState('failed', ['/x cannot be written: read-only. Nothing was changed.'])
  execFileSync('diff', ['-r', '--no-dereference', join(world.home, 'pristine'), world.appPath])
  await assertNothingLeft()
})

test('a restore leaves a namespace alone that is not in the definition of the app any more', async () => {
  const define = `update apps set namespace_scoped_resources = $2::jsonb where id = $1`
  const only = (namespace: string) => JSON.stringify([{ namespace, labelSelectors: [] }])
  await world.rows(define, world.appID, only('other'))
  const steps = new Set<string>()
  onPassage = async ({ step }) => {
    steps.add(step)
  }
  try {
    await end(await world.restore({ kind: 'backup', id: backup.resourceID }), 'failed')
  } finally {
    await world.rows(define, world.appID, only('shop'))
  }
  const sentence = "The namespace shop is not in the app's definition; add it and try again."
  await assertAppState('failed', [sentence])
  assert.equal(steps.has('prepare-restore'), false)
  execFileSync('diff', ['-r', '--no-dereference', join(world.home, 'pristine'), world.appPath])
  await assertNothingLeft()
})

test('a backup that waits for a restore stays pending and starts afterwards', async () => {
  const restore = await world.restore({ kind: 'backup', id: backup.resourceID })
  const waiting = await world.backup()
  const seen: unknown[] = []
  onPassage = async ({ step, position }) => {
    if (step !== 'plan-restore' || position !== 'before') return
    await workflows.startTask(waiting.taskID)
    seen.push(await untilUnready(waiting))
  }
  await complete(restore)
  await complete(waiting)
  assert.deepEqual(seen, [
    { state: 'pending', state_unready: ['Waiting until the restore of the app shop has ended.'] },
  ])
  await complete(await world.deleteBackup(waiting.resourceID))
})

test('a backup that meets a foreign lock waits and says so', async () => {
  const holder = await holdForeignLock()
  try {
    const waiting = await world.backup()
    await workflows.startTask(waiting.taskID)
    const seen = (await untilUnready(waiting)) as { state: string; state_unready: string[] }
    assert.equal(seen.state, 'running')
    assert.match(seen.state_unready[0] ?? '', /^Waiting: The repository is .*locked by process/)
    holder.kill('SIGCONT')
    await complete(waiting)
    const row = await world.row(
      'select state_unready from backups where id = $1',
      waiting.resourceID,
    )
    assert.deepEqual(row.state_unready, [])
    await complete(await world.deleteBackup(waiting.resourceID))
  } finally {
    holder.kill('SIGKILL')
  }
})

test('deleting a running backup cancels it first', async () => {
  const operation = await world.backup()
  let deletion: Operation | undefined
  onPassage = async ({ step, position }) => {
    if (step !== 'move-volume' || position !== 'before' || deletion !== undefined) return
    deletion = await world.deleteBackup(operation.resourceID)
    await workflows.startTask(deletion.taskID)
    await untilCancelling(operation)
  }
  await end(operation, 'cancelled')
  assert.ok(deletion)
  await end(deletion, 'completed')
  await assertNothingLeft()
})

test('deleting the last backup frees its data', async () => {
  await complete(await world.deleteBackup(backup.resourceID))
  const repository = join(world.bucketPath, 'accounts', world.accountID)
  assert.deepEqual(repositoryFiles(repository, 'snapshots'), [])
  assert.deepEqual(repositoryFiles(repository, 'data'), [])
  await assertNothingLeft()
})

test('a backup that fails is told to a webhook by the service itself', async () => {
  const received = Promise.withResolvers<{ type: string; data: Record<string, unknown> }>()
  const receiver = createServer(async (request, response) => {
    received.resolve(JSON.parse(await text(request)))
    response.writeHead(204).end()
  })
  await once(receiver.listen(0, '127.0.0.1'), 'listening')
  try {
    await addWebhook(`http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`)
    const operation = await end(await world.backup({ snapshotID: randomUUID() }), 'failed')
    const { type, data } = await received.promise
    assert.equal(type, 'holdfast.backup.failed')
    assert.equal(data.correlationID, operation.taskID)
    assert.equal(data.resourceID, operation.resourceID)
    assert.match(String(data.description), /of the app "shop" failed: The copy .* does not exist/)
    assert.match(String(data.correctiveAction), new RegExp(`tasks/${operation.taskID}/log$`))
  } finally {
    receiver.closeAllConnections()
    receiver.close()
  }
})

test('what ended is told once; a restore that works puts an end to those that failed', async () => {
  await assertEndsAreToldOnce(world)
  const told = await world.rows(
    `select severity from events where name = 'holdfast.app.restore.failed' order by sequence`,
  )
  assert.deepEqual(
    told.map(({ severity }) => severity),
    ['critical', 'critical', 'cleared'],
  )
  const starts = await world.rows(`select summary from events where name ~ 'service.started'`)
  assert.deepEqual(starts, [{ summary: 'Service started' }])
})

async function addWebhook(url: string): Promise<void> {
  await insertWebhook(world.database.database, createSealing(TEST_MASTER_KEY), {
    id: randomUUID(),
    accountID: world.accountID,
    name: 'receiver',
    version: '1.0',
    url,
    secret: `whsec_${Buffer.alloc(32).toString('base64')}`,
    isEnabled: true,
    minimumSeverity: 'critical',
    labels: [],
    createdBy: world.userID,
    now: systemNow(),
  })
}

function localRepository(clusterID: string): string {
  return join(world.home, 'snapshots', clusterID, world.accountID)
}

async function complete(operation: Operation): Promise<Operation> {
  return await end(operation, 'completed')
}

async function end(operation: Operation, state: string): Promise<Operation> {
  await workflows.startTask(operation.taskID)
  await workflows.whenIdle()
  const task = await world.row('select state, failure from tasks where id = $1', operation.taskID)
  assert.equal(task.state, state, JSON.stringify(task.failure))
  return operation
}

/** The mover's events are held back until the cancel has reached the step. */
function cancelWhenMoverRuns(operation: Operation, step: string): void {
  let isAsked = false
  onPassage = async (passage) => {
    if (passage.step !== step || passage.point !== 'mover-started' || isAsked) return
    isAsked = true
    const { accountID, userID } = world
    const { taskID } = operation
    const { database } = world.database
    assert.equal(await requestTaskCancel(database, { accountID, taskID, userID }), 'cancelling')
  }
  platformChange = {
    async startMover(id, job) {
      const mover = await realPlatform.startMover(id, job)
      if (job.kind !== 'backup' && job.kind !== 'restore') return mover
      return {
        ...mover,
        async *events(signal) {
          if (!signal.aborted) await once(signal, 'abort')
          yield* mover.events(signal)
        },
      }
    },
  }
}

/** A stock `restic check` that is stopped while it holds its exclusive lock. */
async function holdForeignLock(): Promise<ChildProcess> {
  const repository = join(world.bucketPath, 'accounts', world.accountID)
  const { id } = await world.row('select id from repositories where bucket_id = $1', world.bucketID)
  const sealing = createSealing(TEST_MASTER_KEY)
  const secrets = await openRepositorySecrets(world.database.database, sealing, String(id))
  for (;;) {
    const child = spawn('restic', ['--no-cache', '-r', repository, 'check'], {
      env: { ...process.env, RESTIC_PASSWORD: secrets?.password ?? '' },
      stdio: 'ignore',
    })
    const exited = once(child, 'exit')
    while (child.exitCode === null && !isLocked(repository)) {
      await new Promise((resolve) => setImmediate(resolve))
    }
    child.kill('SIGSTOP')
    while (child.exitCode === null && stateOf(child) !== 'T') {
      await new Promise((resolve) => setImmediate(resolve))
    }
    if (child.exitCode === null && isLocked(repository)) return child
    // It was faster and has given its lock back.
    child.kill('SIGKILL')
    await exited
  }
}

/** Temporary files are no locks yet. */
function isLocked(repository: string): boolean {
  return repositoryFiles(repository, 'locks').some((name) => /^[0-9a-f]{64}$/.test(name))
}

function stateOf({ pid }: ChildProcess): string | undefined {
  return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0]
}

/** The processor is for those who are waited for. */
const POLL_MS = 20

async function untilUnready(operation: Operation): Promise<unknown> {
  for (;;) {
    const row = await world.row(
      'select state, state_unready from backups where id = $1',
      operation.resourceID,
    )
    if ((row.state_unready as unknown[]).length > 0) return row
    await delay(POLL_MS)
  }
}

async function untilCancelling(operation: Operation): Promise<void> {
  for (;;) {
    const row = await world.row('select state from tasks where id = $1', operation.taskID)
    if (row.state === 'cancelling') return
    await delay(POLL_MS)
  }
}

async function assertAppState(state: string, details: readonly string[]): Promise<void> {
  const app = await world.row('select state, state_details from apps where id = $1', world.appID)
  const found = app.state_details as readonly { readonly detail: string }[]
  assert.deepEqual([app.state, found.map(({ detail }) => detail)], [state, details])
}

async function assertNothingLeft(): Promise<void> {
  assert.deepEqual(await world.rows('select kind, resource, detail from obligations'), [])
  assert.deepEqual(await realPlatform.listOwned(), [])
  const unended = `state in ('notStarted', 'running', 'cancelling')`
  assert.deepEqual(await world.rows(`select id, kind from tasks where ${unended}`), [])
  assert.deepEqual(
    await world.rows('select name, state from application_snapshots where deleted_at is null'),
    [],
  )
  assert.deepEqual(
    repositoryFiles(join(world.bucketPath, 'accounts', world.accountID), 'locks'),
    [],
  )
}

function repositoryFiles(repository: string, kind: string): string[] {
  return readdirSync(join(repository, kind), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)
}
