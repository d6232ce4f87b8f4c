// Hooks around snapshots, backups and restores, with the real platform and real movers.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import {
  claimHookRun,
  deleteObligation,
  insertHookRuns,
  insertObligation,
  insertServiceBoot,
  requestTaskCancel,
  startHookRun,
} from '@holdfast/db'
import { settleLostWorkflows } from './lost-workflows.ts'
import { currentRuntime } from './runtime.ts'
import type { StepPassage } from './step-observer.ts'
import { type AddedHook, addHook, allHooksRun, hooksRun } from './testing/hooks.ts'
import { assertNothingLeft } from './testing/kill-harness.ts'
import { startTestService } from './testing/test-service.ts'
import { makeWorld, type Operation, type World } from './testing/world.ts'
import type { Workflows } from './workflow-types.ts'

let world: World
let service: Workflows
let passages: StepPassage[] = []
let watch: (passage: StepPassage) => Promise<void> = async () => undefined
let added: AddedHook[] = []

before(async () => {
  world = await makeWorld()
  service = await start()
})

async function start(): Promise<Workflows> {
  return await startTestService({
    database: world.database.database,
    home: world.home,
    hostRoot: world.hostRoot,
    observer: async (passage) => {
      passages.push(passage)
      await watch(passage)
    },
  })
}

afterEach(async () => {
  watch = async () => undefined
  for (const hook of added) await hook.remove()
  added = []
  passages = []
})

after(async () => {
  await service.close()
  await world.dispose()
})

async function hook(
  ...request: Parameters<typeof addHook> extends [World, infer Hook] ? [Hook] : never
) {
  added.push(await addHook(world, request[0]))
}

async function run(operation: Operation): Promise<Record<string, unknown>> {
  await service.startTask(operation.taskID)
  await service.whenIdle()
  return await world.row('select state, failure from tasks where id = $1', operation.taskID)
}

async function copyOf(table: 'backups' | 'application_snapshots', { resourceID }: Operation) {
  return await world.row(
    `select state, hook_state, hook_state_details, state_unready from ${table} where id = $1`,
    resourceID,
  )
}

/** Steps and the hooks' own notes in the order in which they came. */
function stepsPassed(): string[] {
  return passages
    .filter(({ position }) => position === 'after')
    .map(({ workflow, step }) => `${workflow}/${step}`)
}

function bytesIn(directory: string): number {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0)
}

async function cancelAt(step: string, operation: Operation): Promise<void> {
  watch = async (passage) => {
    if (passage.step !== step || passage.position !== 'before') return
    await requestTaskCancel(world.database.database, {
      accountID: world.accountID,
      taskID: operation.taskID,
    })
  }
}

test('without hooks, or where they are switched off, no step is made for them', async () => {
  await hook({ action: 'snapshot', stage: 'pre', script: 'exit 1' })
  await world.rows(
    `insert into settings (id, account_id, name, current_config)
     values (gen_random_uuid(), $1, 'holdfast.hooks', '{"isEnabled": "false"}')`,
    world.accountID,
  )
  const snapshot = await world.snapshot()
  assert.equal((await run(snapshot)).state, 'completed')
  const steps = stepsPassed()
  assert.ok(!steps.some((name) => name.includes('hooks')))
  assert.ok(steps.indexOf('snapshot/give-turn') < steps.indexOf('snapshot/copy-volume'))
  assert.deepEqual(hooksRun(world, snapshot.taskID), [])
  await world.rows('delete from settings')
})

test('live volumes are read between the hooks, which run in the order of their names', async () => {
  const last = await addHook(world, { action: 'snapshot', stage: 'post', name: 'z' })
  await hook({
    action: 'snapshot',
    stage: 'pre',
    name: 'b',
    script: 'echo "said $1"',
    arguments: ['ho ho'],
  })
  await hook({ action: 'snapshot', stage: 'pre', name: 'a' })
  await hook({ action: 'backup', stage: 'pre' })
  await hook({ action: 'snapshot', stage: 'pre', name: 'off', isEnabled: false })
  await hook({
    action: 'snapshot',
    stage: 'pre',
    name: 'elsewhere',
    matchingCriteria: [{ type: 'namespaceName', value: '^other$' }],
  })
  const snapshot = await world.snapshot()
  // What was planned runs, also when it is deleted meanwhile.
  watch = async ({ step, position }) => {
    if (step === 'copy-volume' && position === 'before') await last.remove()
  }
  assert.equal((await run(snapshot)).state, 'completed')
  assert.deepEqual(hooksRun(world, snapshot.taskID), ['a', 'b', 'z'])
  const steps = stepsPassed()
  const places = ['pre-snapshot-hooks', 'copy-volume', 'post-snapshot-hooks', 'give-turn'].map(
    (name) => steps.lastIndexOf(`snapshot/${name}`),
  )
  assert.deepEqual(
    places,
    places.toSorted((one, other) => one - other),
  )
  assert.partialDeepStrictEqual(await copyOf('application_snapshots', snapshot), {
    state: 'completed',
    hook_state: 'success',
    hook_state_details: [],
  })
  const log = await world.rows('select message from task_log where task_id = $1', snapshot.taskID)
  assert.ok(
    log.some(({ message }) => /hook 'b' in shop succeeded\.\nsaid ho ho\n/.test(String(message))),
  )
  await assertNothingLeft(world)
})

test('a backup runs its hooks around those of its snapshot, and keeps no local copy', async () => {
  for (const stage of ['pre', 'post'] as const) {
    await hook({ action: 'backup', stage })
    await hook({ action: 'snapshot', stage })
  }
  writeFileSync(join(world.appPath, 'data', 'noise'), randomBytes(2_000_000))
  const localBytes = bytesIn(join(world.home, 'snapshots'))
  const before = allHooksRun(world).length
  const backup = await world.backup()
  assert.equal((await run(backup)).state, 'completed')
  assert.deepEqual(
    allHooksRun(world)
      .slice(before)
      .map(({ name }) => name),
    ['pre-backup', 'pre-snapshot', 'post-snapshot', 'post-backup'],
  )
  const steps = stepsPassed()
  assert.ok(steps.indexOf('snapshot/post-snapshot-hooks') < steps.indexOf('move/move-volume'))
  assert.ok(steps.indexOf('backup/post-backup-hooks') < steps.indexOf('backup/commit-backup'))
  assert.equal((await copyOf('backups', backup)).hook_state, 'success')
  assert.ok(bytesIn(join(world.home, 'snapshots')) < localBytes + 1_000_000)
  await assertNothingLeft(world)
})

test('what hooks make before a copy is in it, the first time as well', async () => {
  const made = join(world.appPath, 'dump')
  const script = 'mkdir -p dump\necho rows > dump/all'
  const snapshotHook = await addHook(world, { action: 'snapshot', stage: 'pre', script })
  const snapshot = await world.snapshot()
  await run(snapshot)
  rmSync(made, { recursive: true })
  const backup = await world.backup()
  await run(backup)
  rmSync(made, { recursive: true })
  await snapshotHook.remove()
  await hook({ action: 'backup', stage: 'pre', script })
  const last = await world.backup()
  await run(last)
  rmSync(made, { recursive: true })
  for (const [copy, table, column] of [
    [snapshot, 'volume_snapshots', 'snapshot_id'],
    [backup, 'backup_volumes', 'backup_id'],
    [last, 'backup_volumes', 'backup_id'],
  ] as const) {
    const id = copy.resourceID
    const [volume] = await world.rows(
      `select repository_snapshot_id, captured_bytes from ${table} where ${column} = $1 and key = $2`,
      id,
      'dump',
    )
    assert.equal(Number(volume?.captured_bytes), 5, `${table} of ${id}`)
    assert.ok(volume?.repository_snapshot_id)
    const assets = await world.rows(
      `select asset_name from app_assets where ${column} = $1 and asset_name = 'dump'`,
      id,
    )
    assert.equal(assets.length, 1)
  }
  await assertNothingLeft(world)
})

test('a failing pre-snapshot hook aborts the snapshot, and what undoes it runs', async () => {
  await hook({ action: 'snapshot', stage: 'pre', name: '1', script: 'echo "no $HOME" >&2; exit 3' })
  await hook({ action: 'snapshot', stage: 'pre', name: '2' })
  await hook({ action: 'snapshot', stage: 'post' })
  const snapshot = await world.snapshot()
  const task = await run(snapshot)
  assert.equal(task.state, 'failed')
  assert.partialDeepStrictEqual(task.failure, { code: 'hook-failed', hook: '1' })
  assert.deepEqual(hooksRun(world, snapshot.taskID), ['1', 'post-snapshot'])
  const row = await copyOf('application_snapshots', snapshot)
  assert.partialDeepStrictEqual(row, { state: 'failed', hook_state: 'failed' })
  assert.deepEqual(row.state_unready, [
    'The pre-snapshot hook 1 failed in shop: it ended with exit code 3. Mend or disable it.',
  ])
  const [detail] = row.hook_state_details as { title: string; detail: string }[]
  assert.equal(detail?.title, 'pre-snapshot hook failed')
  assert.match(
    detail.detail,
    /^Execution hook '1' in namespace shop: it ended with exit code 3\. Its output ends: no \//,
  )
  const events = await world.rows(
    `select summary, severity, destinations from events where correlation_id = $1
     and name = 'holdfast.hook.failed'`,
    snapshot.taskID,
  )
  assert.deepEqual(events, [
    {
      summary: "Pre-snapshot execution hook '1' failed",
      severity: 'warning',
      destinations: ['notification'],
    },
  ])
  await assertNothingLeft(world)

  const backup = await world.backup()
  assert.equal((await run(backup)).state, 'failed')
  assert.partialDeepStrictEqual(await copyOf('backups', backup), {
    state: 'failed',
    hook_state: 'failed',
  })
  await assertNothingLeft(world)
})

test('other failing hooks are told, and the copy is completed all the same', async () => {
  await hook({ action: 'snapshot', stage: 'post', script: 'exit 1' })
  await hook({ action: 'backup', stage: 'pre', script: 'exit 2' })
  await hook({ action: 'backup', stage: 'post' })
  const backup = await world.backup()
  assert.equal((await run(backup)).state, 'completed')
  const row = await copyOf('backups', backup)
  assert.partialDeepStrictEqual(row, { state: 'completed', hook_state: 'failed' })
  assert.deepEqual(
    (row.hook_state_details as { title: string }[]).map(({ title }) => title),
    ['post-snapshot hook failed', 'pre-backup hook failed'],
  )
  assert.deepEqual(hooksRun(world, backup.taskID), ['pre-backup', 'post-backup'])
})

test('a cancel while the app is still lets it go again', async () => {
  await hook({ action: 'snapshot', stage: 'pre' })
  await hook({ action: 'snapshot', stage: 'post' })
  const between = await world.snapshot()
  await cancelAt('copy-volume', between)
  assert.equal((await run(between)).state, 'cancelled')
  assert.deepEqual(hooksRun(world, between.taskID), ['pre-snapshot', 'post-snapshot'])

  const ahead = await world.snapshot()
  await cancelAt('pre-snapshot-hooks', ahead)
  assert.equal((await run(ahead)).state, 'cancelled')
  assert.deepEqual(hooksRun(world, ahead.taskID), [])
  await assertNothingLeft(world)
})

test('a cancel ends the hook that runs, and what undoes it runs', async () => {
  await hook({ action: 'snapshot', stage: 'pre', script: 'sleep 1000' })
  await hook({ action: 'snapshot', stage: 'post' })
  const snapshot = await world.snapshot()
  watch = async ({ point }) => {
    if (point !== 'hook-started') return
    watch = async () => undefined
    await requestTaskCancel(world.database.database, {
      accountID: world.accountID,
      taskID: snapshot.taskID,
    })
  }
  assert.equal((await run(snapshot)).state, 'cancelled')
  const ran = hooksRun(world, snapshot.taskID)
  assert.equal(ran.at(-1), 'post-snapshot')
  const runs = await world.rows(
    'select hook_name, state, reason from hook_runs where task_id = $1 order by position',
    snapshot.taskID,
  )
  assert.deepEqual(runs, [
    { hook_name: 'pre-snapshot', state: 'failed', reason: 'it was stopped' },
    { hook_name: 'post-snapshot', state: 'success', reason: null },
  ])
})

test('an app restored in place runs its own hooks, a new app those that the copy recorded', async () => {
  const restoring = await addHook(world, {
    action: 'restore',
    stage: 'post',
    name: 'reindex',
    matchingCriteria: [
      { type: 'namespaceName', value: '^shop$' },
      { type: 'podName', value: '^shop$' },
    ],
    script: 'cat data/marker; pwd; exit 4',
  })
  writeFileSync(join(world.appPath, 'data', 'marker'), 'the data is there\n')
  const backup = await world.backup()
  assert.equal((await run(backup)).state, 'completed')

  const restore = await world.restore({ kind: 'backup', id: backup.resourceID })
  assert.equal((await run(restore)).state, 'completed')
  assert.deepEqual(hooksRun(world, restore.taskID), ['reindex'])
  const app = await world.row('select state, state_details from apps where id = $1', world.appID)
  assert.equal(app.state, 'ready')
  const [detail] = app.state_details as { detail: string }[]
  assert.match(detail?.detail ?? '', /exit code 4\. Its output ends: the data is there/)

  await restoring.remove()
  const clone = await world.clone({ kind: 'backup', id: backup.resourceID }, { namespace: 'twin' })
  assert.equal((await run(clone)).state, 'completed')
  assert.deepEqual(hooksRun(world, clone.taskID), ['reindex'])
  const [ran] = await world.rows('select output from hook_runs where task_id = $1', clone.taskID)
  assert.equal(ran?.output, `the data is there\n${join(world.hostRoot, 'twin')}\n`)
  const inherited = await world.rows(
    'select id from execution_hooks where app_id = $1',
    clone.resourceID,
  )
  assert.deepEqual(inherited, [])
})

test('hooks that cannot be run at all do not take a restored app back', async () => {
  await hook({ action: 'restore', stage: 'post' })
  const data = join(world.appPath, 'data', 'marker')
  writeFileSync(data, 'as copied')
  const backup = await world.backup()
  assert.equal((await run(backup)).state, 'completed')
  writeFileSync(data, 'as lost')
  const restore = await world.restore({ kind: 'backup', id: backup.resourceID })
  const away = `${world.hostRoot}-away`
  watch = async ({ step, position, point }) => {
    if (step === 'restore-hooks' && point === 'owed' && existsSync(world.hostRoot)) {
      renameSync(world.hostRoot, away)
    }
    if (step === 'app-ready' && position === 'before') renameSync(away, world.hostRoot)
  }
  const task = await run(restore)
  watch = async () => undefined
  if (task.state !== 'completed') renameSync(away, world.hostRoot)
  assert.equal(task.state, 'completed')
  assert.equal(readFileSync(data, 'utf8'), 'as copied')
  const app = await world.row('select state, state_details from apps where id = $1', world.appID)
  assert.equal(app.state, 'ready')
  assert.match(JSON.stringify(app.state_details), /cannot be opened/)
  assert.deepEqual(hooksRun(world, restore.taskID), [])
  await settleLostWorkflows(currentRuntime())
  const runs = await world.rows('select state from hook_runs where task_id = $1', restore.taskID)
  assert.deepEqual(runs, [{ state: 'failed' }])
})

test('a hook that another service ended, taking over, is not taken as run', async () => {
  await hook({ action: 'snapshot', stage: 'pre' })
  const script = '[ -e ../../second ] || { touch ../../second; sleep 1000; }'
  await hook({ action: 'snapshot', stage: 'post', script })
  const snapshot = await world.snapshot()
  let taking: Promise<void> | undefined
  watch = async ({ step, point }) => {
    if (step === 'post-snapshot-hooks' && point === 'hook-started') taking ??= takeOver()
  }
  /** As a service that thinks this one dead. */
  async function takeOver(): Promise<void> {
    while (!existsSync(join(world.hostRoot, '..', 'second'))) await delay(10)
    const { database, platformOf } = currentRuntime()
    const running = `select id from hook_runs where task_id = $1 and state = 'running'`
    const id = String((await world.row(running, snapshot.taskID)).id)
    await claimHookRun(database, { id, boot: 'another' })
    await platformOf({ id: world.clusterID, type: 'host' })?.stopHook(id)
  }
  await run(snapshot)
  await taking
  watch = async () => undefined
  await settleLostWorkflows(currentRuntime())
  assert.deepEqual(hooksRun(world, snapshot.taskID), [
    'pre-snapshot',
    'post-snapshot',
    'post-snapshot',
  ])
  const states = await world.rows(
    'select state from hook_runs where task_id = $1 order by position',
    snapshot.taskID,
  )
  assert.deepEqual(states, [{ state: 'success' }, { state: 'success' }])
})

test('what a lost workflow owes waits while another operation has the app', async () => {
  const { database } = world.database
  const { taskID } = await world.snapshot()
  const workflowID = `snapshot:${taskID}`
  await world.rows(`update tasks set state = 'failed', attempt = 1 where id = $1`, taskID)
  const note = `echo "$HOLDFAST_TASK_ID $HOLDFAST_HOOK_NAME" >> ../../hooks.log`
  const planned = (stage: 'pre' | 'post', position: number) => ({
    id: randomUUID(),
    taskID,
    hookID: randomUUID(),
    hookName: stage,
    action: 'snapshot' as const,
    stage,
    namespace: 'shop',
    podName: 'shop',
    containerName: 'shop',
    position,
    source: Buffer.from(note).toString('base64'),
    arguments: [],
    mayRunAsRoot: true,
  })
  const [before, later] = [planned('pre', 0), planned('post', 1)]
  await insertHookRuns(database, [before, later])
  await startHookRun(database, { id: before.id, boot: 'gone' })
  const owed = { taskID, workflowID, boot: 'gone', resource: `app:${world.appID}`, detail: {} }
  const { clusterID } = world
  await insertObligation(database, { ...owed, id: randomUUID(), clusterID, kind: 'hooks' })
  const other = {
    id: randomUUID(),
    taskID: undefined,
    workflowID: 'service:other',
    clusterID: undefined,
    kind: 'turn' as const,
    detail: { mode: 'exclusive', isGranted: true },
  }
  await insertObligation(database, { ...owed, ...other })
  await settleLostWorkflows(currentRuntime())
  assert.deepEqual(hooksRun(world, taskID), [])
  await deleteObligation(database, other.id)
  await settleLostWorkflows(currentRuntime())
  assert.deepEqual(hooksRun(world, taskID), ['post'])
  await assertNothingLeft(world)
})

test('a service that died leaves no hook at work, and what it owed runs', async () => {
  await service.close()
  const { database } = world.database
  const { taskID } = await world.snapshot()
  await world.rows(`update tasks set state = 'running', attempt = 1 where id = $1`, taskID)
  const [before, later] = [randomUUID(), randomUUID()]
  const note = 'echo "$HOLDFAST_TASK_ID $HOLDFAST_HOOK_NAME" >> ../../hooks.log'
  const run = {
    taskID,
    hookID: randomUUID(),
    action: 'snapshot' as const,
    namespace: 'shop',
    podName: 'shop',
    containerName: 'shop',
    source: Buffer.from(note).toString('base64'),
    arguments: [],
    mayRunAsRoot: true,
  }
  await insertHookRuns(database, [
    { ...run, id: before, hookName: 'quiesce', stage: 'pre', position: 0 },
    { ...run, id: later, hookName: 'resume', stage: 'post', position: 1 },
  ])
  await insertServiceBoot(database, {
    boot: 'dead',
    executorID: 'test-executor',
    lockHostname: 'none',
  })
  await startHookRun(database, { id: before, boot: 'dead' })
  const obligation = { id: randomUUID(), taskID, workflowID: `snapshot:${taskID}`, boot: 'dead' }
  await insertObligation(database, {
    ...obligation,
    clusterID: world.clusterID,
    kind: 'hooks',
    resource: `app:${world.appID}`,
    detail: {},
  })
  const left = spawn('sleep', ['1000'], {
    detached: true,
    env: { PATH: process.env.PATH, HOLDFAST_HOOK_RUN_ID: before },
    stdio: 'ignore',
  })
  const ended = once(left, 'exit')

  service = await start()
  assert.deepEqual(await ended, [null, 'SIGTERM'])
  while (!hooksRun(world, taskID).includes('resume')) await delay(20)
  while ((await world.rows('select id from obligations')).length > 0) await delay(20)
  assert.deepEqual(hooksRun(world, taskID), ['resume'])
  const states = await world.rows(
    'select state from hook_runs where task_id = $1 order by position',
    taskID,
  )
  assert.deepEqual(states, [{ state: 'failed' }, { state: 'success' }])
})
