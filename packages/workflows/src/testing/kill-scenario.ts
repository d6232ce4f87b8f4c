// A sequence of operations in which every step of every workflow passes, with a kill at each.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { mountFilesystem } from '@holdfast/platforms/testing'
import { STEP_NAMES, type StepName, type WorkflowName } from '../step-names.ts'
import { addHook, allHooksRun, hooksRun } from './hooks.ts'
import {
  assertEndsAreToldOnce,
  assertNothingLeft,
  assertRepositoriesClean,
  forbidFallingPercent,
  runKilled,
} from './kill-harness.ts'
import type { Kill } from './kill-plan.ts'
import { copyTree, makeWorld, type Operation, type World } from './world.ts'

/** `<workflow>/<step>` */
export type StepPlace = string

/** Places where a mover runs. */
export const MOVER_PLACES: readonly StepPlace[] = [
  'backup/ensure-repository',
  'move/move-volume',
  'backup/describe-backup',
  'backup/undo-backup',
  'snapshot/ensure-local-repository',
  'snapshot/copy-volume',
  'snapshot/describe-snapshot',
  'snapshot/undo-snapshot',
  'restore/restore-volume',
  'clone/restore-volume',
  'delete-snapshot/drop-volumes',
  'delete-snapshot/forget-description',
  'delete-snapshot/prune',
  'delete-backup/forget-backup',
  'delete-backup/prune',
  'stream-backup/stream-command',
  'stream-backup/describe-backup',
  'stream-backup/undo-backup',
  'stream-restore/run-restore-command',
]

/** How to kill at a step; undefined leaves it alone. */
export type ChooseKill = (
  place: StepPlace,
  names: { readonly workflow: WorkflowName; readonly step: StepName },
) => Kill | undefined

/** The steps of each operation, in the order in which they pass. */
const PLACES = {
  backup: [
    'backup/await-app',
    'backup/begin-backup',
    'backup/discover',
    'backup/create-snapshot',
    'snapshot/begin-snapshot',
    'snapshot/discover',
    'snapshot/take-turn',
    'snapshot/take-volume-snapshot',
    'snapshot/give-turn',
    'backup/ensure-repository',
    'backup/prepare-moves',
    'move/move-volume',
    'move/end-move',
    'backup/verify-backup',
    'backup/describe-backup',
    'backup/commit-backup',
    'backup/forget-other-attempts',
    'backup/drop-snapshot',
    'backup/end-backup',
  ],
  snapshot: [
    'snapshot/await-app',
    'snapshot/pre-snapshot-hooks',
    'snapshot/discover-new',
    'snapshot/ensure-local-repository',
    'snapshot/copy-volume',
    'snapshot/post-snapshot-hooks',
    'snapshot/ensure-repository',
    'snapshot/describe-snapshot',
    'snapshot/complete-snapshot',
    'snapshot/end-snapshot',
  ],
  restore: [
    'restore/plan-restore',
    'restore/prepare-restore',
    'restore/restore-volume',
    'restore/pass-commit',
    'restore/commit-restore',
    'restore/restore-hooks',
    'restore/app-ready',
    'restore/finish-restore',
    'restore/end-restore',
  ],
  clone: [
    'clone/await-source',
    'clone/plan-clone',
    'clone/prepare-restore',
    'clone/restore-volume',
    'clone/pass-commit',
    'clone/commit-restore',
    'clone/discover-clone',
    'clone/restore-hooks',
    'clone/app-ready',
    'clone/finish-restore',
    'clone/drop-source',
    'clone/end-clone',
  ],
  cancelledClone: ['clone/rollback-restore', 'clone/fail-clone'],
  cancelledBackup: [
    'backup/pre-backup-hooks',
    'move/fail-move',
    'backup/post-backup-hooks',
    'backup/undo-backup',
    'backup/fail-backup',
  ],
  cancelledSnapshot: [
    'snapshot/post-snapshot-hooks',
    'snapshot/undo-snapshot',
    'snapshot/fail-snapshot',
  ],
  cancelledRestore: ['restore/rollback-restore', 'restore/fail-restore'],
  failedDeleteBackup: ['delete-backup/fail-delete-backup'],
  failedDeleteSnapshot: ['delete-snapshot/drop-volumes', 'delete-snapshot/fail-delete-snapshot'],
  deleteSnapshot: [
    'delete-snapshot/cancel-snapshot',
    'delete-snapshot/forget-description',
    'delete-snapshot/prune',
    'delete-snapshot/end-delete-snapshot',
  ],
  deleteBackup: [
    'delete-backup/cancel-backup',
    'delete-backup/forget-backup',
    'delete-backup/prune',
    'delete-backup/end-delete-backup',
  ],
  scheduleRun: [
    'schedule-run/request-snapshot',
    'schedule-run/request-backup',
    'schedule-run/apply-retention',
    'schedule-run/end-run',
  ],
  cancelledScheduleRun: ['schedule-run/fail-run'],
  streamBackup: [
    'stream-backup/await-app',
    'stream-backup/begin-backup',
    'stream-backup/ensure-repository',
    'stream-backup/locate-command',
    'stream-backup/stream-command',
    'stream-backup/describe-backup',
    'stream-backup/commit-backup',
    'stream-backup/forget-other-attempts',
    'stream-backup/end-backup',
  ],
  cancelledStreamBackup: ['stream-backup/undo-backup', 'stream-backup/fail-backup'],
  streamRestore: [
    'stream-restore/plan-restore',
    'stream-restore/run-restore-command',
    'stream-restore/restore-hooks',
    'stream-restore/app-ready',
    'stream-restore/end-restore',
  ],
  failedStreamRestore: [
    'stream-restore/request-safety-snapshot',
    'stream-restore/note-safety-snapshot',
    'stream-restore/run-restore-command',
    'stream-restore/fail-restore',
  ],
  verify: ['verify-bucket/verify-bucket', 'verify-bucket/end-verify'],
  failedVerify: ['verify-bucket/fail-verify'],
} as const satisfies Record<string, readonly StepPlace[]>

/** Steps that `STEP_NAMES` has and no operation of the scenario passes. */
export function placesNeverPassed(): StepPlace[] {
  const passed = new Set<StepPlace>(Object.values(PLACES).flat())
  return Object.entries(STEP_NAMES)
    .flatMap(([workflow, steps]) => steps.map((step) => `${workflow}/${step}`))
    .filter((place) => !passed.has(place))
}

/** `tell` gets what this machine cannot do, loudly. */
export async function runKillScenario(
  choose: ChooseKill,
  tell: (message: string) => void,
): Promise<void> {
  const world = await makeWorld()
  const mounted = mountVolume(world, tell)
  const skipped = mounted === undefined ? ['snapshot/take-volume-snapshot'] : []
  const killsAt = (places: readonly StepPlace[]) =>
    places
      .filter((place) => !skipped.includes(place))
      .flatMap((place) => choose(place, namesOf(place)) ?? [])
  try {
    await forbidFallingPercent(world)
    await runOperations(world, killsAt)
    await assertEndsAreToldOnce(world)
  } finally {
    mounted?.unmount()
    await world.dispose()
  }
}

/** A volume on xfs has the `reflink` strategy; the others are read by a mover. */
function mountVolume(
  { hostRoot, appPath, home }: World,
  tell: (message: string) => void,
): { unmount(): void } | undefined {
  const mounted = mountFilesystem('xfs', { sizeMebibytes: 320 })
  if (typeof mounted === 'string') {
    tell(`take-volume-snapshot is NOT tested here: ${mounted}`)
    return undefined
  }
  const target = join(appPath, 'media')
  mkdirSync(target)
  execFileSync('mount', ['--bind', mounted.path, target])
  writeFileSync(join(target, 'picture'), Buffer.alloc(500_000, 'pixel'))
  assert.ok(hostRoot.startsWith(home))
  return {
    unmount() {
      execFileSync('umount', [target])
      mounted[Symbol.dispose]()
    },
  }
}

function namesOf(place: StepPlace): { workflow: WorkflowName; step: StepName } {
  const [workflow, step] = place.split('/') as [WorkflowName, StepName]
  return { workflow, step }
}

type KillsAt = (places: readonly StepPlace[]) => Kill[]

async function runOperations(world: World, killsAt: KillsAt): Promise<void> {
  const backup = await world.backup()
  await run(world, backup, killsAt(PLACES.backup), 'completed')
  await assertBackupIsWhole(world, backup)

  await addNotingHooks(world)
  const snapshot = await world.snapshot()
  await run(world, snapshot, killsAt(PLACES.snapshot), 'completed')
  const kept = await volumeSnapshotIDs(world, snapshot)

  await restoreDamaged(world, { kind: 'backup', id: backup.resourceID }, killsAt(PLACES.restore))
  await restoreDamaged(world, { kind: 'snapshot', id: snapshot.resourceID }, [])

  await cloneLive(world, killsAt(PLACES.clone))
  const uncloned = await world.clone({ kind: 'backup', id: backup.resourceID }, { namespace: 'no' })
  await runCancelled(world, uncloned, 'restore-volume', killsAt(PLACES.cancelledClone))
  assert.ok(!existsSync(join(world.hostRoot, 'no')))

  const stopped = await world.backup()
  await runCancelled(world, stopped, 'move-volume', killsAt(PLACES.cancelledBackup))
  const untaken = await world.snapshot()
  await runCancelled(world, untaken, 'copy-volume', killsAt(PLACES.cancelledSnapshot))
  const unrestored = await world.restore({ kind: 'backup', id: backup.resourceID })
  await runCancelled(world, unrestored, 'restore-volume', killsAt(PLACES.cancelledRestore))
  await assertNothingLeft(world, kept)
  await assertHooksArePaired(world)
  await assertRepositoriesClean(world)

  await withoutRepository(world, async () => {
    const first = await world.deleteBackup(backup.resourceID)
    await run(world, first, killsAt(PLACES.failedDeleteBackup), 'failed')
    const second = await world.deleteSnapshot(snapshot.resourceID)
    await run(world, second, killsAt(PLACES.failedDeleteSnapshot), 'failed')
  })
  const third = await world.deleteSnapshot(snapshot.resourceID)
  await run(world, third, killsAt(PLACES.deleteSnapshot), 'completed')
  await run(world, await world.deleteBackup(backup.resourceID), [], 'completed')
  await runSchedule(world, killsAt(PLACES.scheduleRun))
  const unrun = await world.runSchedule()
  await runCancelled(world, unrun, 'request-snapshot', killsAt(PLACES.cancelledScheduleRun))
  await streamAndRestore(world, killsAt)
  await verifyBucket(world, killsAt)
  await purge(world, killsAt(PLACES.deleteBackup))
  await assertNothingLeft(world)
  await assertRepositoriesClean(world)
}

/** From here on every operation has hooks, but for the first backup, which had none. */
async function addNotingHooks(world: World): Promise<void> {
  for (const action of ['snapshot', 'backup'] as const) {
    await addHook(world, { action, stage: 'pre' })
    await addHook(world, { action, stage: 'post' })
  }
  await addHook(world, { action: 'restore', stage: 'post' })
}

/** Whatever was killed when: no app was left as the hooks before an operation had put it. */
async function assertHooksArePaired(world: World): Promise<void> {
  const runs = allHooksRun(world)
  for (const action of ['snapshot', 'backup']) {
    const before = runs.filter(({ name }) => name === `pre-${action}`)
    assert.ok(before.length > 0)
    for (const { taskID } of before) {
      const names = hooksRun(world, taskID)
      const isLetGo = names.lastIndexOf(`post-${action}`) > names.lastIndexOf(`pre-${action}`)
      assert.ok(isLetGo, `the ${action} ${taskID} ran ${names.join(', ')}`)
    }
  }
  const restores = await world.rows(
    `select id from tasks where kind in ('restore', 'clone') and state = 'completed'`,
  )
  for (const { id } of restores) {
    assert.ok(hooksRun(world, String(id)).includes('post-restore'), `the task ${id} ran no hook`)
  }
}

async function run(
  world: World,
  operation: Operation,
  kills: readonly Kill[],
  endsAs: 'completed' | 'failed',
): Promise<void> {
  await runKilled(world, { operation, kills, endsAs })
}

/** The cancel is asked for when the step begins, and the kills come while it is carried out. */
async function runCancelled(
  world: World,
  operation: Operation,
  step: StepName,
  kills: readonly Kill[],
): Promise<void> {
  const cancel = { step, taskID: operation.taskID }
  await runKilled(world, { operation, kills, cancel, endsAs: 'cancelled' })
}

async function assertBackupIsWhole(world: World, { resourceID }: Operation): Promise<void> {
  const row = await world.row('select * from backups where id = $1', resourceID)
  assert.partialDeepStrictEqual(row, {
    state: 'completed',
    percent_done: 100,
    bytes_done: row.total_bytes,
  })
  await assertNothingLeft(world)
  await assertRepositoriesClean(world)
}

async function restoreDamaged(
  world: World,
  source: { readonly kind: 'backup' | 'snapshot'; readonly id: string },
  kills: readonly Kill[],
): Promise<void> {
  const pristine = join(world.home, `pristine-${source.id}`)
  copyTree(world.appPath, pristine)
  rmSync(join(world.appPath, 'data', 'deep'), { recursive: true })
  writeFileSync(join(world.appPath, 'config', 'app.ini'), 'broken')
  await run(world, await world.restore(source), kills, 'completed')
  execFileSync('diff', ['-r', '--no-dereference', '-x', '.holdfast', pristine, world.appPath])
  const app = await world.row('select state from apps where id = $1', world.appID)
  assert.equal(app.state, 'ready')
}

async function cloneLive(world: World, kills: readonly Kill[]): Promise<void> {
  const clone = await world.clone('live', { namespace: 'twin' })
  await run(world, clone, kills, 'completed')
  const twin = join(world.hostRoot, 'twin')
  execFileSync('diff', ['-r', '--no-dereference', '-x', '.holdfast', world.appPath, twin])
  const app = await world.row('select state from apps where id = $1', clone.resourceID)
  assert.equal(app.state, 'ready')
}

/** However often it is killed, a run makes one snapshot, and one backup of that. */
async function runSchedule(world: World, kills: readonly Kill[]): Promise<void> {
  const schedule = await world.runSchedule()
  await run(world, schedule, kills, 'completed')
  const made = await world.rows(
    `select snapshots.state as snapshot, backups.state as backup, runs.state as run
     from application_snapshots as snapshots
       full join backups on backups.snapshot_id = snapshots.id
       full join schedule_runs as runs
         on runs.snapshot_id = snapshots.id and runs.backup_id = backups.id
     where $1 in (snapshots.schedule_id, backups.schedule_id, runs.schedule_id)`,
    schedule.resourceID,
  )
  assert.deepEqual(made, [{ snapshot: 'completed', backup: 'completed', run: 'completed' }])
}

/** What is not killed is left out: each restore takes a snapshot first. */
async function streamAndRestore(world: World, killsAt: KillsAt): Promise<void> {
  const { streamBackup, cancelledStreamBackup, streamRestore, failedStreamRestore } = PLACES
  const stopping = killsAt(cancelledStreamBackup)
  const whole = killsAt(streamRestore).filter((kill) => !leavesCommandHalfDone(kill))
  const broken = killsAt(failedStreamRestore).filter(
    (kill) => kill.step !== 'run-restore-command' || leavesCommandHalfDone(kill),
  )
  const kills = killsAt(streamBackup)
  if (kills.length + stopping.length + whole.length + broken.length === 0) return
  const backup = await world.streamBackup('cat data/orders.db')
  await run(world, backup, kills, 'completed')
  const { total_bytes } = await world.row('select * from backups where id = $1', backup.resourceID)
  assert.equal(Number(total_bytes), statSync(join(world.appPath, 'data', 'orders.db')).size)
  if (stopping.length > 0) {
    const stopped = await world.streamBackup('cat data/orders.db; sleep 1000')
    await runCancelled(world, stopped, 'stream-command', stopping)
  }
  if (whole.length > 0) await restoreStream(world, backup, whole)
  if (broken.length > 0) await failToRestoreStream(world, backup, broken)
}

/** However often the service dies: a command that ended well has run once. */
async function restoreStream(
  world: World,
  { resourceID }: Operation,
  kills: readonly Kill[],
): Promise<void> {
  const orders = join(world.appPath, 'data', 'orders.db')
  const kept = readFileSync(orders)
  writeFileSync(orders, 'broken')
  const command = `cat > data/orders.db && ${NOTE_RUN}`
  const restored = await world.streamRestore(resourceID, command)
  await run(world, restored, kills, 'completed')
  assert.ok(kept.equals(readFileSync(orders)))
  assert.equal(countRuns(world, restored), 1)
  assert.ok(hooksRun(world, restored.taskID).includes('post-restore'))
}

/** And one that did not has run at most once. */
async function failToRestoreStream(
  world: World,
  { resourceID }: Operation,
  kills: readonly Kill[],
): Promise<void> {
  const command = `${NOTE_RUN}; head -c 1000 > data/orders.db; exit 3`
  const failed = await world.streamRestore(resourceID, command)
  await run(world, failed, kills, 'failed')
  assert.ok(countRuns(world, failed) <= 1)
  const app = await world.row('select state, state_details from apps where id = $1', world.appID)
  assert.equal(app.state, 'failed')
  assert.match(JSON.stringify(app.state_details), /Restoring the snapshot before-restore-/)
}

const NOTE_RUN = 'echo "$HOLDFAST_TASK_ID" >> runs'

function countRuns({ appPath }: World, { taskID }: Operation): number {
  const path = join(appPath, 'runs')
  if (!existsSync(path)) return 0
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((id) => id === taskID).length
}

/** It was noted as begun, and nobody knows how far it came. */
function leavesCommandHalfDone({ step, position, process }: Kill): boolean {
  return step === 'run-restore-command' && (position === 'inside' || process === 'mover')
}

/** Its directory is there, and then it is not. */
async function verifyBucket(world: World, killsAt: KillsAt): Promise<void> {
  await run(world, await world.verifyBucket(), killsAt(PLACES.verify), 'completed')
  renameSync(world.bucketPath, `${world.bucketPath}.away`)
  await run(world, await world.verifyBucket(), killsAt(PLACES.failedVerify), 'failed')
  renameSync(`${world.bucketPath}.away`, world.bucketPath)
}

/** The copies that failed go with their app, and the app's rows with the end of the last. */
async function purge(world: World, kills: readonly Kill[]): Promise<void> {
  const [last, ...others] = await world.purge(world.appID)
  assert.ok(last !== undefined)
  await run(world, last, kills, 'completed')
  for (const other of others) await run(world, other, [], 'completed')
  for (const table of ['backups', 'application_snapshots']) {
    assert.deepEqual(await world.rows(`select id from ${table} where app_id = $1`, world.appID), [])
  }
  const rows = await world.rows('select id from apps where id = $1', world.appID)
  assert.deepEqual(rows, [])
}

async function volumeSnapshotIDs(world: World, { resourceID }: Operation): Promise<string[]> {
  const rows = await world.rows(
    'select id from volume_snapshots where snapshot_id = $1',
    resourceID,
  )
  return rows.map(({ id }) => String(id))
}

async function withoutRepository(world: World, work: () => Promise<void>): Promise<void> {
  const path = join(world.bucketPath, 'accounts', world.accountID)
  renameSync(path, `${path}.away`)
  await work()
  renameSync(`${path}.away`, path)
}
