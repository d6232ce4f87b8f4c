// Movers that are killed, stopped, blocked and starved: real processes, real signals.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { after, test } from 'node:test'
import type { MoverEvent, MoverJob } from '@holdfast/domain'
import {
  acquireLock,
  decodeMasterKey,
  localDirectoryBackend,
  type RepositoryLock,
  secureRandomBytes,
  systemClock,
} from '@holdfast/engine'
import { describeTree, noise } from '@holdfast/engine/testing'
import { mountingMissing } from '@holdfast/filesystem/testing'
import {
  failureOfMover,
  type MoverProcess,
  resultOfMover,
  runMoverProcess,
  startMover,
} from './testing/mover-process.ts'
import { withSmallFilesystem } from './testing/small-filesystem.ts'
import {
  backupJob,
  LOCK_HOSTNAME,
  lockNames,
  makeRepository,
  makeWorkplace,
  restoreJob,
  type TestRepository,
} from './testing/test-repository.ts'

const work = makeWorkplace('mover-interrupted')
after(() => work.remove())
const noMounts = mountingMissing()
const needsRoot = process.getuid?.() === 0 ? false : 'NOT TESTED: becoming another user needs root'

function at(...parts: string[]): string {
  return join(work.path, ...parts)
}

/** Content that does not compress, so that storing it takes a while. */
function makeSource(name: string, mebibytes: number): string {
  const path = at(name)
  mkdirSync(path)
  for (let n = 0; n < mebibytes / 8; n += 1) {
    writeFileSync(join(path, `file-${n}`), noise(n, 8 * 1024 * 1024))
  }
  return path
}

const source = makeSource('source', 64)

/** The first bytes are stored, most are not. */
function isUnderWay(event: MoverEvent): boolean {
  return event.event === 'progress' && event.bytesDone > 0 && event.bytesDone < event.totalBytes
}

/**
 * Starts a mover and does something to it in the middle of its work. On a machine so fast that it
 * is done before, more work is tried.
 */
async function interruptMidway(
  makeJob: (source: string) => MoverJob | Promise<MoverJob>,
  interrupt: (mover: MoverProcess) => void,
): Promise<MoverProcess> {
  for (const [attempt, mebibytes] of [64, 256, 1024].entries()) {
    const large = attempt === 0 ? source : makeSource(`source-${randomUUID()}`, mebibytes)
    const mover = startMover(await makeJob(large))
    await mover.waitFor(isUnderWay)
    interrupt(mover)
    await mover.ended
    if (mover.events.at(-1)?.event !== 'result') return mover
  }
  throw new Error('the mover was always done before it could be interrupted')
}

async function assertClean(repository: TestRepository): Promise<void> {
  assert.deepEqual(lockNames(repository), [])
  const check = { kind: 'check', repository: repository.access, readData: true } as const
  const { findings } = await resultOfMover(check)
  assert.deepEqual(
    findings.filter(({ severity }) => severity === 'error'),
    [],
  )
}

async function snapshotCount({ access }: TestRepository): Promise<number> {
  return (await resultOfMover({ kind: 'list', repository: access, tags: [] })).snapshots.length
}

async function assertBacksUpNow(repository: TestRepository, name: string): Promise<void> {
  const { repositorySnapshotID } = await resultOfMover(backupJob(repository, source))
  await resultOfMover(restoreJob(repository, repositorySnapshotID, at(name)))
  assert.deepEqual(describeTree(Buffer.from(at(name))), describeTree(Buffer.from(source)))
}

test('a backup that is killed leaves a sound repository; run again it succeeds', async () => {
  const repository = await makeRepository(at('killed'))
  const mover = await interruptMidway(
    (large) => backupJob(repository, large),
    ({ child }) => child.kill('SIGKILL'),
  )
  const pid = mover.child.pid as number
  assert.equal((await mover.ended).signal, 'SIGKILL')
  assert.equal(lockNames(repository).length, 1, 'a dead mover cannot give its lock back')
  const { access } = repository
  const unlock = { kind: 'unlock', repository: access, lockHostnames: [LOCK_HOSTNAME] } as const
  const others = await resultOfMover({ ...unlock, holderPIDs: [pid + 1] })
  assert.equal(others.removed, 0)
  assert.equal((await resultOfMover({ ...unlock, lockHostnames: ['another'] })).removed, 0)
  assert.equal((await resultOfMover({ ...unlock, holderPIDs: [pid] })).removed, 1)
  await assertClean(repository)
  await assertBacksUpNow(repository, 'killed-out')
})

test('a restore that is killed is done anew by a second run', async () => {
  const repository = await makeRepository(at('killed-restore'))
  const staging = at('staging')
  mkdirSync(staging, { mode: 0o700 })
  const target = join(staging, 'target')
  await interruptMidway(
    async (large) => {
      const { repositorySnapshotID } = await resultOfMover(backupJob(repository, large))
      return restoreJob(repository, repositorySnapshotID, target)
    },
    ({ child }) => child.kill('SIGKILL'),
  )
  assert.ok(readdirSync(target).length > 0)
  const { repositorySnapshotID } = await resultOfMover(backupJob(repository, source))
  await resultOfMover(restoreJob(repository, repositorySnapshotID, target))
  assert.deepEqual(describeTree(Buffer.from(target)), describeTree(Buffer.from(source)))
})

for (const how of ['SIGTERM', 'SIGINT', 'the end of stdin'] as const) {
  test(`${how} ends a backup with a clean repository`, async () => {
    const repository = await makeRepository(at(`stopped ${how}`))
    const mover = await interruptMidway(
      (large) => backupJob(repository, large),
      ({ child }) => (how === 'the end of stdin' ? child.stdin.end() : child.kill(how)),
    )
    const { exitCode, stderr } = await mover.ended
    assert.equal(stderr, '')
    assert.equal(exitCode, 1)
    assert.deepEqual(mover.events.at(-1), { event: 'failed', failure: { code: 'stopped' } })
    await assertClean(repository)
  })
}

test('SIGTERM ends a restore and gives the lock back', async () => {
  const repository = await makeRepository(at('stopped-restore'))
  const mover = await interruptMidway(
    async (large) => {
      const { repositorySnapshotID } = await resultOfMover(backupJob(repository, large))
      return restoreJob(repository, repositorySnapshotID, at(`stopped-out-${basename(large)}`))
    },
    ({ child }) => child.kill('SIGTERM'),
  )
  assert.equal((await mover.ended).exitCode, 1)
  assert.deepEqual(mover.events.at(-1), { event: 'failed', failure: { code: 'stopped' } })
  await assertClean(repository)
})

test('a probe by SIGHUP does not disturb a mover that holds a lock', async () => {
  const repository = await makeRepository(at('hangup'))
  const mover = startMover(backupJob(repository, source))
  await mover.waitFor(isUnderWay)
  mover.child.kill('SIGHUP')
  assert.equal((await mover.ended).exitCode, 0)
  assert.equal(await snapshotCount(repository), 1)
})

test('a foreign lock is told once and waited for', async () => {
  const repository = await makeRepository(at('waiting'))
  const lock = await foreignLock(repository)
  const mover = startMover(backupJob(repository, at('no-such-source')))
  const told = await mover.waitFor(({ event }) => event === 'warning')
  assert.ok(told.event === 'warning')
  assert.equal(told.warning.code, 'waiting-for-lock')
  assert.match(told.warning.message, /process 12345 on elsewhere/)
  await lock.release()
  // Its source is not there, which it finds only once it has the lock.
  await mover.ended
  assert.deepEqual(
    mover.events.map(({ event }) => event),
    ['warning', 'failed'],
  )
  const last = mover.events.at(-1)
  assert.ok(last?.event === 'failed' && last.failure.code === 'source-vanished')
})

test('a mover that waits for a lock can be stopped', async () => {
  const repository = await makeRepository(at('waiting-stopped'))
  const lock = await foreignLock(repository)
  const mover = startMover(backupJob(repository, source))
  await mover.waitFor(({ event }) => event === 'warning')
  mover.child.kill('SIGTERM')
  await mover.ended
  assert.deepEqual(mover.events.at(-1), { event: 'failed', failure: { code: 'stopped' } })
  assert.equal(lockNames(repository).length, 1, 'only the foreign lock is left')
  await lock.release()
})

async function foreignLock({ path, access }: TestRepository): Promise<RepositoryLock> {
  const key = decodeMasterKey(access.keys)
  if (key === undefined) throw new Error('the test repository has no keys')
  return await acquireLock({
    backend: localDirectoryBackend({ path, randomBytes: secureRandomBytes }),
    key,
    clock: systemClock,
    randomBytes: secureRandomBytes,
    exclusive: true,
    holder: { hostname: 'elsewhere', username: 'somebody', pid: 12_345, uid: 0, gid: 0 },
    signal: undefined,
  })
}

test('an entry that permissions deny is missed', { skip: needsRoot }, async () => {
  const directory = at('denied')
  mkdirSync(join(directory, 'source/closed'), { recursive: true })
  writeFileSync(join(directory, 'source/secret'), 'x')
  writeFileSync(join(directory, 'source/open'), 'x')
  chmodSync(join(directory, 'source/secret'), 0o600)
  chmodSync(join(directory, 'source/closed'), 0o700)
  const repository = await makeRepository(join(directory, 'repository'))
  execFileSync('chown', ['-R', 'nobody', repository.path])
  for (const path of [work.path, directory, join(directory, 'source')]) chmodSync(path, 0o755)
  const prefix = ['setpriv', '--reuid=nobody', '--clear-groups']
  const job = backupJob(repository, join(directory, 'source'))
  const { last } = await runMoverProcess(job, { prefix })
  assert.ok(last.event === 'result' && 'missed' in last.result)
  assert.deepEqual(
    last.result.missed.map(({ path, reason }) => `${path} ${reason.split(':')[0]}`),
    ['closed EACCES', 'secret EACCES'],
  )
  assert.deepEqual(last.result.captured, { entries: 2, bytes: 1 })
  assert.deepEqual(last.result.expected, { entries: 4, bytes: 2 })
  assert.equal(last.result.repositorySnapshotID, '')
})

test('metadata that may not be set is told and the content restored', {
  skip: needsRoot,
}, async () => {
  const directory = at('unprivileged')
  mkdirSync(join(directory, 'source'), { recursive: true })
  writeFileSync(join(directory, 'source/file'), 'content', { mode: 0o644 })
  const repository = await makeRepository(join(directory, 'repository'))
  const { repositorySnapshotID } = await resultOfMover(
    backupJob(repository, join(directory, 'source')),
  )
  const job = restoreJob(repository, repositorySnapshotID, join(directory, 'target'))
  execFileSync('chown', ['-R', 'nobody', repository.path, join(directory, 'target')])
  for (const path of [work.path, directory]) chmodSync(path, 0o755)
  const prefix = ['setpriv', '--reuid=nobody', '--clear-groups']
  const { last } = await runMoverProcess(job, { prefix })
  assert.ok(last.event === 'result' && 'restored' in last.result)
  assert.deepEqual(
    last.result.warnings.map(({ code, path, message }) => `${code} ${path} ${message}`),
    [
      'metadata-not-restored file Its owner could not be restored (EPERM).',
      'metadata-not-restored  Its owner could not be restored (EPERM).',
    ],
  )
  assert.equal(readFileSync(join(directory, 'target/file'), 'utf8'), 'content')
})

test('a bucket that is full ends the backup with a reason', { skip: noMounts }, async () => {
  await withSmallFilesystem(at('full'), 30, async (mountPoint) => {
    const repository = await makeRepository(join(mountPoint, 'repository'))
    const failure = await failureOfMover(backupJob(repository, source))
    assert.ok(failure.code === 'no-space')
    assert.ok(failure.freeBytes < failure.neededBytes)
    assert.equal(await snapshotCount(repository), 0)
    await assertClean(repository)
  })
})

test('a target that is too small is refused beforehand', { skip: noMounts }, async () => {
  const repository = await makeRepository(at('too-small'))
  const { repositorySnapshotID } = await resultOfMover(backupJob(repository, source))
  await withSmallFilesystem(at('too-small-target'), 30, async (mountPoint) => {
    const target = join(mountPoint, 'target')
    const failure = await failureOfMover(restoreJob(repository, repositorySnapshotID, target))
    assert.ok(failure.code === 'no-space')
    assert.ok(failure.neededBytes > 64 * 1024 * 1024)
    assert.deepEqual(readdirSync(target), [])
  })
  assert.deepEqual(lockNames(repository), [])
})

test('a restored tree is on the disk before its result is told', {
  skip: straceMissing(),
}, async () => {
  const repository = await makeRepository(at('flushed'))
  const small = at('flushed-source')
  mkdirSync(join(small, 'directory'), { recursive: true })
  writeFileSync(join(small, 'directory/file'), 'content')
  const { repositorySnapshotID } = await resultOfMover(backupJob(repository, small))
  const target = at('flushed-out')
  const trace = at('trace')
  const calls = 'syncfs,fsync,write,pwrite64,mkdir,chmod,fchmod,utimensat,unlink'
  const prefix = ['strace', '-f', '-y', '-s', '200', '-e', `trace=${calls}`, '-o', trace]
  await runMoverProcess(restoreJob(repository, repositorySnapshotID, target), { prefix })
  const lines = readFileSync(trace, 'utf8').split('\n')
  const after = (from: number, matches: RegExp) => {
    const found = lines.findIndex((line, index) => index > from && matches.test(line))
    assert.notEqual(found, -1, `${matches} after line ${from} of\n${lines.join('\n')}`)
    return found
  }
  const content = after(-1, /write.*flushed-out\/directory\/file.*content/)
  const rootMode = after(content, /chmod\("\/proc\/self\/fd\/\d+\/\.".*= 0/)
  const flushed = after(rootMode, /syncfs\(\d+<[^>]*flushed-out>\)\s*= 0/)
  const named = after(flushed, /fsync\(\d+<[^>]*flushed-out>\)\s*= 0/)
  after(named, /write\(.*\\"event\\":\\"result\\"/)
})

function straceMissing(): string | false {
  try {
    execFileSync('strace', ['-o', '/dev/null', 'true'], { stdio: 'ignore' })
    return false
  } catch {
    return 'NOT TESTED: strace is missing or may not trace here'
  }
}
