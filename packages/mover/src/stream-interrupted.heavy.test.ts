// Streams that are stopped, killed, robbed of their lock, or met by damage: nothing of the command
// is left, nothing of a backup is kept, and no command is told that it has all of its input.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import {
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { CommandReport, MoverEvent, MoverJob } from '@holdfast/domain'
import { noise } from '@holdfast/engine/testing'
import { mountingMissing } from '@holdfast/filesystem/testing'
import { type MoverProcess, resultOfMover, startMover } from './testing/mover-process.ts'
import { withSmallFilesystem } from './testing/small-filesystem.ts'
import {
  LOCK_HOSTNAME,
  lockNames,
  makeRepository,
  makeWorkplace,
  type TestRepository,
} from './testing/test-repository.ts'
import {
  processesWith,
  shellCommand,
  streamBackupJob,
  streamRestoreJob,
} from './testing/test-stream.ts'

const work = makeWorkplace('mover-stream-interrupted')
after(() => work.remove())
const noMounts = mountingMissing()

/** Two packs, and far more than a pipe holds. */
const content = noise(1, 24_000_000)
let stored: TestRepository
let storedID = ''
before(async () => {
  writeFileSync(at('content'), content)
  stored = await makeRepository(at('stored'))
  const job = streamBackupJob(stored, `cat ${at('content')}`)
  storedID = (await resultOfMover(job)).repositorySnapshotID
})

function at(...parts: string[]): string {
  return join(work.path, ...parts)
}

interface MarkedCommand {
  readonly command: ReturnType<typeof shellCommand>
  readonly mark: string
  /** There from the moment on at which the command waits to be interrupted. */
  readonly waiting: string
  /** There when a reader has seen the end of its input. */
  readonly ended: string
}

function marked(script: (files: { waiting: string; ended: string }) => string): MarkedCommand {
  const mark = randomUUID()
  const waiting = at(`waiting-${mark}`)
  const ended = at(`ended-${mark}`)
  const environment = { PATH: '/usr/bin:/bin', MARK: mark }
  return {
    command: shellCommand(script({ waiting, ended }), { environment }),
    mark,
    waiting,
    ended,
  }
}

/** Reads on, little by little, and tells when there is no more. */
function slowReader(): MarkedCommand {
  return marked(
    ({ waiting, ended }) => `
      head -c 100000 > /dev/null; touch ${waiting}
      while [ "$(head -c 65536 | wc -c)" != 0 ]; do sleep 0.05; done
      touch ${ended}; sleep 1000`,
  )
}

function endlessWriter(): MarkedCommand {
  return marked(
    ({ waiting }) => `echo told >&2; cat ${at('content')}; touch ${waiting}; sleep 1000`,
  )
}

/** Or until the mover has ended, which the test then sees. */
async function untilThere(path: string, { child }: MoverProcess): Promise<void> {
  while (!existsSync(path) && child.exitCode === null && child.signalCode === null) await delay(20)
}

async function interrupted(
  job: MoverJob,
  { waiting }: MarkedCommand,
  interrupt: (mover: MoverProcess) => void,
): Promise<MoverEvent | undefined> {
  const mover = startMover(job)
  await untilThere(waiting, mover)
  interrupt(mover)
  const { stderr } = await mover.ended
  assert.equal(stderr, '')
  return mover.events.at(-1)
}

function stoppedWith(last: MoverEvent | undefined): CommandReport {
  assert.ok(last?.event === 'failed', JSON.stringify(last))
  assert.deepEqual(last.failure, { code: 'stopped' })
  assert.ok(last.command !== undefined)
  return last.command
}

async function assertNothingKept(repository: TestRepository): Promise<void> {
  assert.deepEqual(lockNames(repository), [])
  const { access } = repository
  const { snapshots } = await resultOfMover({ kind: 'list', repository: access, tags: [] })
  assert.deepEqual(snapshots, [])
  const { findings } = await resultOfMover({ kind: 'check', repository: access, readData: true })
  assert.deepEqual(
    findings.filter(({ severity }) => severity === 'error'),
    [],
  )
}

for (const how of ['SIGTERM', 'the end of stdin'] as const) {
  const stop = ({ child }: MoverProcess) =>
    how === 'SIGTERM' ? child.kill('SIGTERM') : child.stdin.end()

  test(`${how} ends a backup and its command`, async () => {
    const repository = await makeRepository(at(`backup ${how}`))
    const writer = endlessWriter()
    const last = await interrupted(streamBackupJob(repository, writer.command), writer, stop)
    assert.equal(stoppedWith(last).stderr, 'told\n')
    assert.deepEqual(processesWith(writer.mark), [])
    await assertNothingKept(repository)
  })

  test(`${how} ends a restore, and its command never saw an end of its input`, async () => {
    const reader = slowReader()
    const job = streamRestoreJob(stored, storedID, reader.command)
    const { streamedBytes } = stoppedWith(await interrupted(job, reader, stop))
    assert.ok(streamedBytes >= 100_000 && streamedBytes < content.length, `${streamedBytes}`)
    assert.deepEqual(processesWith(reader.mark), [])
    assert.equal(existsSync(reader.ended), false)
    assert.deepEqual(lockNames(stored), [])
  })
}

test('the reader of these tests does tell when it has seen the end', async () => {
  const reader = slowReader()
  const short = await makeRepository(at('short'))
  const script = `head -c 150000 ${at('content')}`
  const { repositorySnapshotID } = await resultOfMover(streamBackupJob(short, script))
  const mover = startMover(streamRestoreJob(short, repositorySnapshotID, reader.command))
  await untilThere(reader.ended, mover)
  mover.child.kill('SIGTERM')
  await mover.ended
  assert.equal(existsSync(reader.ended), true)
})

test('a mover that is killed takes its command with it, which never saw an end', async () => {
  const reader = slowReader()
  const writer = endlessWriter()
  const repository = await makeRepository(at('killed'))
  const jobs = [
    [reader, streamRestoreJob(stored, storedID, reader.command)],
    [writer, streamBackupJob(repository, writer.command)],
  ] as const
  for (const [marked, job] of jobs) {
    const mover = startMover(job)
    await untilThere(marked.waiting, mover)
    mover.child.kill('SIGKILL')
    assert.equal((await mover.ended).signal, 'SIGKILL')
    // The guard sees it in its own time.
    while (processesWith(marked.mark).length > 0) await delay(20)
    assert.equal(existsSync(marked.ended), false)
  }
  for (const { access } of [stored, repository]) {
    const lockHostnames = [LOCK_HOSTNAME]
    await resultOfMover({ kind: 'unlock', repository: access, lockHostnames })
  }
  await assertNothingKept(repository)
})

test('a reader that has read all there is when its mover is killed does not see an end', async () => {
  const go = at('go-on')
  const reader = marked(
    ({ waiting, ended }) => `
      head -c 100000 > /dev/null; touch ${waiting}
      while [ ! -e ${go} ]; do sleep 0.01; done
      (cat > /dev/null; : > ${ended}); sleep 1000`,
  )
  const mover = startMover(streamRestoreJob(stored, storedID, reader.command))
  await untilThere(reader.waiting, mover)
  // Nothing more comes, so that the reader waits for more.
  mover.child.kill('SIGSTOP')
  writeFileSync(go, '')
  while (!processesWith(reader.mark).some(isCat)) await delay(20)
  const pid = mover.child.pid as number
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  const ofCommand = processesWith(reader.mark)
  const [guard] = children.map(Number).filter((child) => !ofCommand.includes(child))
  assert.ok(guard !== undefined)
  // However late the guard is: the reader would have the time to see an end, if there were one.
  process.kill(guard, 'SIGSTOP')
  mover.child.kill('SIGKILL')
  await mover.ended
  await delay(500)
  process.kill(guard, 'SIGCONT')
  while (processesWith(reader.mark).length > 0) await delay(20)
  assert.equal(existsSync(reader.ended), false)
  const lockHostnames = [LOCK_HOSTNAME]
  await resultOfMover({ kind: 'unlock', repository: stored.access, lockHostnames })
})

function isCat(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8') === 'cat\n'
  } catch {
    // One of the others, which has ended since.
    return false
  }
}

test('damage in the middle of a restore: the command is killed, and no end of input', async () => {
  const repository = await makeRepository(at('damaged'))
  const job = streamBackupJob(repository, `cat ${at('content')}`)
  const { repositorySnapshotID } = await resultOfMover(job)
  const packs = readdirSync(join(repository.path, 'data'), { recursive: true, encoding: 'utf8' })
    .map((name) => join(repository.path, 'data', name))
    .filter((path) => statSync(path).isFile())
    .filter((path) => statSync(path).size > 4_000_000)
    .toSorted((a, b) => statSync(b).size - statSync(a).size)
  // The first one was full, the last one was what was left.
  assert.equal(packs.length, 2)
  const last = packs.at(-1)
  assert.ok(last !== undefined)
  truncateSync(last, 100_000)
  const reader = marked(({ ended }) => `cat > /dev/null; touch ${ended}; sleep 1000`)
  const mover = startMover(streamRestoreJob(repository, repositorySnapshotID, reader.command))
  assert.deepEqual((await mover.ended).stderr, '')
  const failed = mover.events.at(-1)
  assert.ok(failed?.event === 'failed')
  assert.equal(failed.failure.code, 'repository-damaged')
  const given = failed.command?.streamedBytes ?? 0
  assert.ok(given > 0 && given < content.length, `${given}`)
  assert.equal(existsSync(reader.ended), false)
  assert.deepEqual(processesWith(reader.mark), [])
  assert.deepEqual(lockNames(repository), [])
})

test('damage at the beginning of a stream: the command never runs', async () => {
  const repository = await makeRepository(at('damaged-first'))
  const { repositorySnapshotID } = await resultOfMover(
    streamBackupJob(repository, `head -c 100000 ${at('content')}`),
  )
  const packs = join(repository.path, 'data')
  const files = readdirSync(packs, { recursive: true, encoding: 'utf8' })
    .map((name) => join(packs, name))
    .filter((path) => statSync(path).size > 50_000)
  assert.equal(files.length, 1)
  for (const path of files) truncateSync(path, 10)
  const touched = at('touched')
  const job = streamRestoreJob(repository, repositorySnapshotID, `touch ${touched}`)
  const mover = startMover(job)
  await mover.ended
  const last = mover.events.at(-1)
  assert.ok(last?.event === 'failed' && last.failure.code === 'repository-damaged')
  assert.equal(last.command, undefined)
  assert.equal(existsSync(touched), false)
})

test('a lock that is gone by the end keeps the snapshot from being written', async () => {
  const repository = await makeRepository(at('lock-lost'))
  const go = at('go')
  const writer = marked(
    ({ waiting }) => `echo all; touch ${waiting}; while [ ! -e ${go} ]; do sleep 0.02; done`,
  )
  const mover = startMover(streamBackupJob(repository, writer.command))
  await untilThere(writer.waiting, mover)
  for (const name of lockNames(repository)) rmSync(join(repository.path, 'locks', name))
  writeFileSync(go, '')
  await mover.ended
  const last = mover.events.at(-1)
  assert.ok(last?.event === 'failed' && last.failure.code === 'lock-lost', JSON.stringify(last))
  assert.equal(last.command?.streamedBytes, 4)
  await assertNothingKept(repository)
})

test('a store that is full ends a command that would write for ever', {
  skip: noMounts,
}, async () => {
  await withSmallFilesystem(at('full'), 30, async (mountPoint) => {
    const repository = await makeRepository(join(mountPoint, 'repository'))
    const writer = marked(() => 'cat /dev/urandom')
    const mover = startMover(streamBackupJob(repository, writer.command))
    await mover.ended
    const last = mover.events.at(-1)
    assert.ok(last?.event === 'failed' && last.failure.code === 'no-space', JSON.stringify(last))
    assert.ok((last.command?.streamedBytes ?? 0) > 1_000_000)
    assert.deepEqual(processesWith(writer.mark), [])
    await assertNothingKept(repository)
  })
})
