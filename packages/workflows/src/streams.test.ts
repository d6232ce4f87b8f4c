// Backups of what a command writes, and restores by a command that reads it, with real commands and
// the real mover.
import assert from 'node:assert/strict'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import { makeStreamWorld, type StreamWorld } from './testing/stream-world.ts'
import type { Operation } from './testing/world.ts'

let world: StreamWorld

before(async () => {
  world = await makeStreamWorld()
  // Neither of their app is as large: each restore takes a snapshot of it.
  rmSync(join(world.appPath, 'config'), { recursive: true })
})

afterEach(() => {
  rmSync(join(world.appPath, 'started'), { force: true })
})

after(() => world.dispose())

const DUMP = '"cat data/orders.db; echo "$HOLDFAST_APP_NAME"; echo dumped >&2"'
let backup: Operation

test('what a command writes is kept, described, and told in the log', async () => {
  backup = await world.end(await world.streamBackup(DUMP), 'completed')
  const orders = readFileSync(join(world.appPath, 'data', 'orders.db'))
  const row = await world.row('select * from backups where id = $1', backup.resourceID)
  assert.partialDeepStrictEqual(row, {
    state: 'completed',
    percent_done: 100,
    bytes_done: row.total_bytes,
    state_unready: [],
    hook_state: 'success',
  })
  assert.equal(Number(row.total_bytes), orders.length + 'shop\n'.length)
  assert.ok(Number(row.stream_added_bytes) > 0)
  assert.ok((row.taken_at as Date) >= (row.created_at as Date))
  assert.deepEqual(await world.dump(backup), Buffer.concat([orders, Buffer.from('shop\n')]))
  const { stream, volumes, resources } = await world.description(backup)
  assert.deepEqual(volumes, [])
  assert.ok(resources.length > 0)
  assert.deepEqual(stream, {
    command: DUMP,
    sizeBytes: 3_000_005,
    repositorySnapshotID: row.stream_snapshot_id,
    path: '/holdfast/stream',
  })
  const assets = 'select asset_name from app_assets where backup_id = $1'
  assert.ok((await world.rows(assets, backup.resourceID)).length > 0)
  const log = await world.logOf(backup)
  assert.ok(log.includes(`Runs the backup command in shop: ${DUMP}`), log)
  assert.match(log, /ended with exit code 0 after \d+\.\d s; it wrote 3000005 bytes/)
  assert.match(log, /standard error of the backup command:\ndumped/)
  const event = 'select name from events where correlation_id = $1'
  assert.deepEqual(await world.rows(event, backup.taskID), [{ name: 'holdfast.backup.completed' }])
  await world.assertClean()
})

test('a second backup of the same dump adds little, and both can be deleted', async () => {
  const again = await world.end(await world.streamBackup(DUMP), 'completed')
  const row = await world.row('select * from backups where id = $1', again.resourceID)
  assert.ok(Number(row.stream_added_bytes) < 10_000, `${row.stream_added_bytes} bytes`)
  assert.equal(world.countRepositorySnapshots(), 4)
  await world.end(await world.deleteBackup(again.resourceID), 'completed')
  assert.equal(world.countRepositorySnapshots(), 2)
  await world.assertClean()
})

test('a command that writes nothing makes an empty backup, of which the log warns', async () => {
  const empty = await world.end(await world.streamBackup('true'), 'completed')
  assert.match(await world.logOf(empty), /warning: The backup command wrote nothing/)
  assert.equal((await world.dump(empty)).length, 0)
  await world.end(await world.deleteBackup(empty.resourceID), 'completed')
})

test('a command that fails makes the backup fail, says why, and leaves nothing', async () => {
  const failing = await world.streamBackup(
    'cat data/orders.db; echo "no such database" >&2; exit 3 # \u009b2K',
  )
  await world.end(failing, 'failed')
  const row = await world.row('select * from backups where id = $1', failing.resourceID)
  const sentence = 'The command failed with exit code 3: no such database'
  assert.partialDeepStrictEqual(row, { state: 'failed', state_unready: [sentence] })
  const log = await world.logOf(failing)
  assert.match(log, /error: The backup command failed with exit code 3 after .*; it wrote 3000000/)
  assert.match(log, /error: The standard error of the backup command:\nno such database/)
  // What acts on a terminal is not in the log, wherever it comes from.
  assert.ok(log.includes('exit 3 # \\x9b2K'), log)
  assert.equal(world.countRepositorySnapshots(), 2)
  await world.assertClean()
})

test('a restore takes a snapshot of the app, then gives the stream to its command', async () => {
  const orders = join(world.appPath, 'data', 'orders.db')
  const kept = readFileSync(orders)
  writeFileSync(orders, 'broken')
  const restore = await world.streamRestore(
    backup.resourceID,
    'cat > data/orders.db; echo "read $(wc -c < data/orders.db)" >&2',
  )
  // What fails after the command has ended well makes nothing of it undone.
  world.observe(async ({ step, point }) => {
    if (step === 'run-restore-command' && point === 'done') throw new Error('the step breaks')
  })
  await world.end(restore, 'completed')
  world.observe(async () => undefined)
  assert.ok(readFileSync(orders).subarray(0, -5).equals(kept))
  assert.deepEqual(await world.appState(), { state: 'ready', details: [] })
  const snapshot = await world.row(
    'select application_snapshots.*, tasks.state as task from application_snapshots join tasks on resource_id = application_snapshots.id',
  )
  assert.deepEqual([snapshot.state, snapshot.task], ['completed', 'completed'])
  const log = await world.logOf(restore)
  const named = `The snapshot ${snapshot.name} (${snapshot.id}) holds the app as it was before`
  assert.ok(log.includes(named), log)
  assert.match(log, /ended with exit code 0 after \d+\.\d s; it was given 3000005 bytes/)
  assert.match(log, /standard error of the restore command:\nread 3000005/)
  await world.assertClean()
})

test('a failed restore command leaves the app failed, with the snapshot that undoes it', async () => {
  const orders = join(world.appPath, 'data', 'orders.db')
  const before = readFileSync(orders)
  const restore = await world.streamRestore(
    backup.resourceID,
    'head -c 10 > data/orders.db; echo full >&2; exit 4',
  )
  await world.end(restore, 'failed')
  const { state, details } = await world.appState()
  const [why, left, undo = ''] = details
  assert.deepEqual([state, why], ['failed', 'The command failed with exit code 4: full'])
  assert.equal(left, 'The data is as the restore command left it.')
  const [, name, id = ''] = /^Restoring the snapshot (\S+) \((.*)\) undoes it\.$/.exec(undo) ?? []
  const { state_details } = await world.row('select * from tasks where id = $1', restore.taskID)
  assert.ok(JSON.stringify(state_details).includes(undo))
  assert.equal(readFileSync(orders).length, 10)
  const row = await world.row('select name from application_snapshots where id = $1', id)
  assert.equal(row.name, name)

  await world.end(await world.restore({ kind: 'snapshot', id }), 'completed')
  assert.ok(readFileSync(orders).equals(before))
  assert.equal((await world.appState()).state, 'ready')
  await world.assertClean()
})

test('a command that only an owner may configure does not run for others', {
  skip: process.geteuid?.() === 0 ? false : 'NOT TESTED: only root has commands of root',
}, async () => {
  const configuredBy = world.bucketID
  const written = await world.streamBackup('touch ran', { configuredBy })
  await world.end(written, 'failed')
  const reasons = 'select state_unready from backups where id = $1'
  const { state_unready } = await world.row(reasons, written.resourceID)
  assert.match(String(state_unready), /only commands last changed by an owner/)
  const read = await world.streamRestore(backup.resourceID, 'touch ran', { configuredBy })
  await world.end(read, 'failed')
  const { state, details } = await world.appState()
  assert.deepEqual([state, details.length], ['failed', 1])
  assert.ok(!existsSync(join(world.appPath, 'ran')))
  // Nothing ran, so no snapshot was taken of what nothing changed.
  const snapshots =
    'select id from application_snapshots where created_at > (select created_at from tasks where id = $1)'
  assert.deepEqual(await world.rows(snapshots, read.taskID), [])
})
