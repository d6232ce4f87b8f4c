// What ends commands before their time, and what becomes of their backups and restores then.
import assert from 'node:assert/strict'
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { MOVERS_AT_WORK_MAX } from './mover-slots.ts'
import { makeStreamWorld, type StreamWorld } from './testing/stream-world.ts'
import type { Operation } from './testing/world.ts'

let world: StreamWorld
let backup: Operation

/** What a hanging command leaves behind would be a child of its shell. */
const HANGS = 'touch started; sleep 1000 & sleep 1000'

before(async () => {
  world = await makeStreamWorld()
  backup = await world.end(await world.streamBackup('cat data/orders.db'), 'completed')
})

afterEach(() => {
  for (const name of ['started', 'runs']) rmSync(join(world.appPath, name), { force: true })
})

after(() => world.dispose())

test('a backup command that hangs is stopped when its time is up', async () => {
  const hanging = await world.streamBackup(HANGS, { timeoutMs: 300 })
  await world.end(hanging, 'failed')
  assert.match(await unready(hanging), /did not end within 0.3 seconds and was stopped/)
  assert.match(await world.logOf(hanging), /error: The backup command did not end within/)
  await world.assertClean()
})

test('a cancelled backup ends its command and leaves nothing', async () => {
  const snapshots = world.countRepositorySnapshots()
  const operation = await world.streamBackup(`cat data/orders.db; echo said >&2; ${HANGS}`)
  await world.beginCommand(operation)
  await world.cancel(operation)
  await world.end(operation, 'cancelled')
  assert.match(await unready(operation), /^cancelled by/)
  assert.match(await world.logOf(operation), /The backup command was ended after/)
  assert.match(await world.logOf(operation), /standard error of the backup command:\nsaid/)
  assert.equal(world.countRepositorySnapshots(), snapshots)
  await world.assertClean()
})

test('a mover that does not stop is killed, and its lock is removed', async () => {
  const operation = await world.streamBackup(HANGS)
  await world.beginCommand(operation)
  const owed = 'select detail from obligations where kind = $1'
  const { pid } = (await world.row(owed, 'mover')).detail as { readonly pid: number }
  process.kill(pid, 'SIGSTOP')
  await world.cancel(operation)
  await world.end(operation, 'cancelled')
  await world.assertClean()
})

test('a backup that is deleted while its command runs is cancelled first', async () => {
  const snapshots = world.countRepositorySnapshots()
  const operation = await world.streamBackup(HANGS)
  await world.beginCommand(operation)
  await world.end(await world.deleteBackup(operation.resourceID), 'completed')
  await world.end(operation, 'cancelled')
  assert.equal(world.countRepositorySnapshots(), snapshots)
  await world.assertClean()
})

test('commands that hang keep nothing else from being done', async () => {
  await world.restart({ commandStallMs: 200 })
  // As many as movers may work at the same time.
  const hanging: Operation[] = []
  for (let count = 0; count < MOVERS_AT_WORK_MAX; count += 1) {
    hanging.push(await world.streamBackup(`rm -f started; ${HANGS}`))
  }
  for (const operation of hanging) {
    await world.beginCommand(operation)
    rmSync(join(world.appPath, 'started'))
  }
  const turns = 'select id from obligations where kind = $1'
  while ((await world.rows(turns, 'turn')).length > 0) await delay(50)
  await world.until(await world.streamBackup('cat data/orders.db'), 'completed')
  for (const operation of hanging) await world.cancel(operation)
  for (const operation of hanging) await world.end(operation, 'cancelled')
  await world.restart()
  await world.assertClean()
})

test('a backup command that the end of the service interrupted is run again', async () => {
  const operation = await world.streamBackup(
    'echo ran >> runs; cat data/orders.db; test -e started || { touch started; sleep 1000; }',
  )
  await world.beginCommand(operation)
  await world.restart()
  await world.end(operation, 'completed')
  assert.equal(readFileSync(join(world.appPath, 'runs'), 'utf8'), 'ran\nran\n')
  assert.deepEqual(await world.dump(operation), await world.dump(backup))
  await world.assertClean()
})

test('a restore that is cancelled before its command begins puts the app back', async () => {
  const hook = 'touch started; while test -e started; do sleep 0.05; done'
  const { remove } = await world.addSnapshotHook(hook)
  const restore = await world.streamRestore(backup.resourceID, 'echo ran >> runs')
  await world.beginCommand(restore)
  await world.cancel(restore)
  await world.end(restore, 'cancelled')
  await remove()
  assert.deepEqual(await world.appState(), { state: 'ready', details: [] })
  assert.doesNotMatch(await world.logOf(restore), /Runs the restore command/)
  await world.assertClean()
})

test('a restore that is cancelled while its command runs has failed, and says what undoes it', async () => {
  const restore = await world.streamRestore(backup.resourceID, `echo ran >> runs; ${HANGS}`)
  await world.beginCommand(restore)
  await world.cancel(restore)
  await world.end(restore, 'failed')
  await assertInterrupted(/^The command was interrupted \(cancelled by Holdfast Owner\)/)
})

test('a restore command that hangs is stopped when its time is up', async () => {
  const request = { timeoutMs: 300 }
  const restore = await world.streamRestore(
    backup.resourceID,
    `echo ran >> runs; ${HANGS}`,
    request,
  )
  await world.end(restore, 'failed')
  await assertInterrupted(/did not end within 0.3 seconds/)
})

test('a restore command that the end of the service interrupted does not run again', async () => {
  const restore = await world.streamRestore(backup.resourceID, `echo ran >> runs; ${HANGS}`)
  await world.beginCommand(restore)
  await world.restart()
  await world.end(restore, 'failed')
  await assertInterrupted(/^The command was interrupted/)
})

test('without a snapshot the restore goes on, and its log says why there is none', async () => {
  const { remove } = await world.addSnapshotHook('exit 1')
  const restore = await world.streamRestore(backup.resourceID, 'cat > /dev/null; exit 2')
  await world.end(restore, 'failed')
  await remove()
  const log = await world.logOf(restore)
  assert.match(log, /warning: There is no snapshot of the app from before this restore: The pre-sn/)
  const { details } = await world.appState()
  assert.equal(details.at(-1), 'There is no snapshot of the app from before the restore.')
  await world.assertClean()
})

test('a restore whose backup is gone fails before anything runs', async () => {
  const gone = await world.end(await world.streamBackup('echo gone'), 'completed')
  await world.end(await world.deleteBackup(gone.resourceID), 'completed')
  const restore = await world.streamRestore(gone.resourceID, 'echo ran >> runs')
  await world.end(restore, 'failed')
  await assertUntouched(/does not exist any more/)
})

test('a restore whose repository is gone fails before its command runs, and says no more', async () => {
  const path = join(world.bucketPath, 'accounts', world.accountID)
  world.observe(({ step, position }) => {
    if (step === 'run-restore-command' && position === 'before') renameSync(path, `${path}.away`)
  })
  const restore = await world.streamRestore(backup.resourceID, 'echo ran >> runs')
  await world.end(restore, 'failed')
  world.observe(() => undefined)
  renameSync(`${path}.away`, path)
  await assertUntouched(/^There is no repository at/)
  await world.assertClean()
})

async function assertUntouched(why: RegExp): Promise<void> {
  const { state, details } = await world.appState()
  assert.deepEqual([state, details.length], ['failed', 1])
  assert.match(details[0] ?? '', why)
  assert.ok(!existsSync(join(world.appPath, 'runs')))
}

async function unready({ resourceID }: Operation): Promise<string> {
  const row = await world.row('select state_unready from backups where id = $1', resourceID)
  return String(row.state_unready)
}

async function assertInterrupted(why: RegExp): Promise<void> {
  const { state, details } = await world.appState()
  assert.equal(state, 'failed')
  assert.match(details[0] ?? '', why)
  assert.equal(details[1], 'The data is as the restore command left it.')
  assert.match(details[2] ?? '', /^Restoring the snapshot before-restore-\w+ \(.*\) undoes it\.$/)
  assert.equal(readFileSync(join(world.appPath, 'runs'), 'utf8'), 'ran\n')
  await world.assertClean()
}
