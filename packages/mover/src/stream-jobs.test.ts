// Commands whose output is a backup, and commands that are given one: real ones.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import {
  COMMAND_STDERR_BYTES_MAX,
  encodePathBytes,
  type MoverFailure,
  type MoverResults,
} from '@holdfast/domain'
import { secureRandomBytes, systemClock } from '@holdfast/engine'
import { describeTree, noise } from '@holdfast/engine/testing'
import { keepTail } from './command/byte-tail.ts'
import { readOutput } from './command/command-output.ts'
import { startCommand } from './command/start-command.ts'
import { startReporter } from './event-reporter.ts'
import { runStreamRestore } from './jobs/stream-restore.ts'
import { failureOfMover, resultOfMover, runMoverHere, startMover } from './testing/mover-process.ts'
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

const work = makeWorkplace('mover-stream')
after(() => work.remove())
const needsRoot = process.getuid?.() === 0 ? false : 'NOT TESTED: becoming another user needs root'

let repository: TestRepository
const content = noise(1, 1_500_000)
let storedID = ''
before(async () => {
  repository = await makeRepository(at('repository'))
  writeFileSync(at('content'), content)
  const job = streamBackupJob(repository, `cat ${at('content')}`)
  storedID = (await resultOfMover(job)).repositorySnapshotID
})

function at(...parts: string[]): string {
  return join(work.path, ...parts)
}

type CommandFailure = Extract<MoverFailure, { readonly code: 'command-failed' }>

async function failureOf(job: Parameters<typeof failureOfMover>[0]): Promise<CommandFailure> {
  const failure = await failureOfMover(job)
  assert.ok(failure.code === 'command-failed', JSON.stringify(failure))
  return failure
}

async function snapshotCount(): Promise<number> {
  const list = { kind: 'list', repository: repository.access, tags: ['stream'] } as const
  return (await resultOfMover(list)).snapshots.length
}

test('what a command writes comes back to a command; a repeated job does not run it again', async () => {
  const tags = ['holdfast', 'app=a', 'backup=b', 'stream', 'attempt=1']
  const script = `echo run >> ${at('runs')}; echo told >&2; cat ${at('content')}`
  const job = streamBackupJob(repository, script, { label: { tags } })
  const { last, events } = await runMoverHere(job)
  assert.ok(last.event === 'result')
  const result = last.result as MoverResults['stream-backup']
  assert.equal(result.sizeBytes, content.length)
  assert.equal(result.command.streamedBytes, content.length)
  assert.equal(result.command.stderr, 'told\n')
  const progress = events.filter((event) => event.event === 'progress').at(-1)
  assert.equal(progress?.bytesDone, content.length)
  const later = { ...job, label: { ...job.label, tags: [...tags.slice(0, 4), 'attempt=2'] } }
  assert.deepEqual(await resultOfMover(later), result)
  assert.equal(readFileSync(at('runs'), 'utf8'), 'run\n')
  const restore = streamRestoreJob(
    repository,
    result.repositorySnapshotID,
    `cat > ${at('back')}; echo restored >&2; echo not an error`,
  )
  const restored = await resultOfMover(restore)
  assert.ok(readFileSync(at('back')).equals(content))
  assert.equal(restored.sizeBytes, content.length)
  assert.equal(restored.command.streamedBytes, content.length)
  assert.equal(restored.command.stderr, 'restored\n')
})

test('standard streams can be opened by their names', async () => {
  mkdirSync(at('tree/below'), { recursive: true })
  writeFileSync(at('tree/below/file'), 'content')
  mkdirSync(at('out'))
  const job = streamBackupJob(repository, `tar --format=posix -cf /dev/stdout -C ${work.path} tree`)
  const { repositorySnapshotID } = await resultOfMover(job)
  const script = `tar xf /dev/stdin -C ${at('out')}`
  await resultOfMover(streamRestoreJob(repository, repositorySnapshotID, script))
  const [back, original] = [at('out/tree'), at('tree')].map((path) => Buffer.from(path))
  assert.deepEqual(describeTree(back as Buffer), describeTree(original as Buffer))
})

test('only exit code 0 keeps anything', async () => {
  const before = await snapshotCount()
  const endOf = async (script: string) => {
    const { end, report, outputTail } = await failureOf(streamBackupJob(repository, script))
    return { end, stderr: report.stderr, outputTail }
  }
  assert.deepEqual(await endOf('echo half; echo why >&2; exit 3'), {
    end: { kind: 'exited', exitCode: 3 },
    stderr: 'why\n',
    outputTail: undefined,
  })
  assert.deepEqual(await endOf('seq 1 99999; exit 1'), {
    end: { kind: 'exited', exitCode: 1 },
    stderr: '',
    outputTail: Array.from({ length: 99_999 }, (_, n) => `${n + 1}\n`)
      .join('')
      .slice(-1024),
  })
  assert.deepEqual(await endOf('echo half; kill -SEGV $$'), {
    end: { kind: 'killed', signal: 'SIGSEGV' },
    stderr: '',
    outputTail: 'half\n',
  })
  // Its output is whole and it says all the same that it failed.
  assert.deepEqual((await endOf('echo all; exec >&-; exit 9')).end, { kind: 'exited', exitCode: 9 })
  assert.equal(await snapshotCount(), before)
  assert.deepEqual(lockNames(repository), [])
})

test('what cannot be started did nothing', async () => {
  writeFileSync(at('no-program'), 'text')
  chmodSync(at('no-program'), 0o644)
  const directory = (path: string) => encodePathBytes(Buffer.from(path))
  const commands = [
    [shellCommand('', { words: [at('missing')] }), /missing could not be started \(.*ENOENT/],
    [shellCommand('', { words: [at('no-program')] }), /no-program could not be started \(.*EACCES/],
    [shellCommand('true', { directory: directory(at('nowhere')) }), /directory .* \(ENOENT/],
    [shellCommand('true', { directory: directory(at('content')) }), /directory .* \(ENOTDIR/],
    [shellCommand('true\0'), /could not be started/],
  ] as const
  const nothing = { durationMs: 0, streamedBytes: 0, stderr: '', isStderrCut: false }
  for (const [command, expected] of commands) {
    const { end, report } = await failureOf(streamBackupJob(repository, command))
    assert.ok(end.kind === 'not-started')
    assert.match(end.reason, expected)
    assert.deepEqual(report, nothing)
  }
  const missing = streamRestoreJob(repository, storedID, commands[0][0])
  assert.deepEqual((await failureOf(missing)).report, nothing)
})

test('a command that hangs is ended when its time is up, with all of its processes', async () => {
  const before = await snapshotCount()
  for (const script of ['echo half; sleep 1000', 'sleep 1000 & setsid true; wait']) {
    const mark = randomUUID()
    const command = shellCommand(script, { environment: { PATH: '/usr/bin:/bin', MARK: mark } })
    const job = script.startsWith('echo')
      ? streamBackupJob(repository, command, { timeoutMs: 300 })
      : streamRestoreJob(repository, storedID, command, { timeoutMs: 300 })
    const { end } = await failureOf(job)
    assert.deepEqual(end, { kind: 'timed-out', timeoutMs: 300 })
    assert.deepEqual(processesWith(mark), [])
  }
  assert.equal(await snapshotCount(), before)
})

test('one that does not listen to SIGTERM is killed', async () => {
  const mark = randomUUID()
  const command = shellCommand("trap '' TERM; echo deaf; while :; do sleep 0.1; done", {
    environment: { PATH: '/usr/bin:/bin', MARK: mark },
  })
  const { end } = await failureOf(streamBackupJob(repository, command, { timeoutMs: 1000 }))
  assert.equal(end.kind, 'timed-out')
  assert.deepEqual(processesWith(mark), [])
})

test('a command may close its output and live on; its exit code is waited for', async () => {
  const script = `echo all; exec >&-; echo later > ${at('later')}; echo end >&2`
  const { sizeBytes, command } = await resultOfMover(streamBackupJob(repository, script))
  assert.equal(sizeBytes, 4)
  assert.equal(command.stderr, 'end\n')
  assert.equal(readFileSync(at('later'), 'utf8'), 'later\n')
})

test('what is left in the background is ended; what left the session is not waited for', async () => {
  const mark = randomUUID()
  const environment = { PATH: '/usr/bin:/bin', MARK: mark }
  const kept = shellCommand('sleep 1000 & echo all', { environment })
  assert.equal((await resultOfMover(streamBackupJob(repository, kept))).sizeBytes, 4)
  assert.deepEqual(processesWith(mark), [])
  const pidFile = at('daemon.pid')
  // It holds the output, which therefore never ends.
  const daemon = `setsid sh -c 'echo $$ > ${pidFile}; exec sleep 1000' &
    while [ ! -s ${pidFile} ]; do sleep 0.01; done; echo all`
  const leaving = shellCommand(daemon, { environment })
  try {
    assert.equal((await resultOfMover(streamBackupJob(repository, leaving))).sizeBytes, 4)
    assert.deepEqual(processesWith(mark), [Number(readFileSync(pidFile, 'utf8'))])
  } finally {
    for (const pid of processesWith(mark)) process.kill(pid, 'SIGKILL')
  }
})

test('what a script does not wait for may write the end of the output', async () => {
  const late = '(for n in 1 2 3 4 5 6; do sleep 0.6; echo $n; done) & exit 0'
  assert.equal((await resultOfMover(streamBackupJob(repository, late))).sizeBytes, 12)
})

test('however much is in its pipe when it ends belongs to the output', async () => {
  // More than a mover reads at once, and a pipe as large as every user may make it.
  const bytes = 1_100_000
  const script = `perl -e 'fcntl(STDOUT, 1031, 1 << 20) or die $!; print "x" x ${bytes}'`
  const started = await startCommand(shellCommand(script), { takesInput: false })
  assert.ok('exited' in started)
  let read = 0
  const pieces = readOutput({
    stdout: started.stdout,
    ended: started.exited,
    countStreamed: (count) => {
      read += count
    },
    outputTail: keepTail(1),
  })
  try {
    // Its reader is slow: all of the rest is still on the way when it ends.
    await pieces.next()
    await started.exited
    for await (const _ of pieces);
    assert.equal(read, bytes)
  } finally {
    started.stdout.socket.destroy()
    started.stderr.destroy()
    await started.guard.release()
  }
})

test('a command need not read everything that it is given', async () => {
  for (const script of ['head -c 10 > /dev/null', 'exit 0', 'exec <&-; echo on >&2']) {
    const job = streamRestoreJob(repository, storedID, script)
    const { sizeBytes, command } = await resultOfMover(job)
    assert.equal(sizeBytes, content.length)
    assert.ok(command.streamedBytes < content.length, `${script}: ${command.streamedBytes}`)
  }
  const { end, outputTail } = await failureOf(
    streamRestoreJob(repository, storedID, 'head -c 4; exit 7'),
  )
  assert.deepEqual(end, { kind: 'exited', exitCode: 7 })
  assert.ok(outputTail !== undefined && outputTail !== '')
})

test('a restore fails by its exit code, though all was read', async () => {
  const script = 'cat > /dev/null; echo wrong data >&2; exit 1'
  const { end, report } = await failureOf(streamRestoreJob(repository, storedID, script))
  assert.deepEqual(end, { kind: 'exited', exitCode: 1 })
  assert.equal(report.stderr, 'wrong data\n')
  assert.equal(report.streamedBytes, content.length)
})

test('a restore that has all of its data is done when its command is, whatever the store does', async () => {
  const other = await makeRepository(at('other'))
  const { repositorySnapshotID } = await resultOfMover(streamBackupJob(other, 'echo all'))
  const locks = join(other.path, 'locks')
  const script = `cat > ${at('back')}; rm -r ${locks}; touch ${locks}`
  const job = streamRestoreJob(other, repositorySnapshotID, script)
  const { command } = await resultOfMover(job)
  assert.equal(command.streamedBytes, 4)
  assert.equal(readFileSync(at('back'), 'utf8'), 'all\n')
})

test('a restore that has all of its data does not need the lock any more', async () => {
  const clock = createPollClock()
  const [fed, go] = [at('fed'), at('go')]
  const script = `cat > /dev/null; touch ${fed}; while [ ! -e ${go} ]; do sleep 0.02; done`
  const context = {
    clock,
    randomBytes: secureRandomBytes,
    process: { username: 'root', pid: process.pid, uid: 0, gid: 0 },
    reporter: startReporter(new PassThrough().resume()),
    workers: 1,
    readers: 1,
    signal: new AbortController().signal,
  }
  const restoring = runStreamRestore(streamRestoreJob(repository, storedID, script), context)
  while (!existsSync(fed)) await delay(20)
  for (const name of lockNames(repository)) rmSync(join(repository.path, 'locks', name))
  await clock.refreshLock()
  writeFileSync(go, '')
  assert.equal((await restoring).command.streamedBytes, content.length)
  await context.reporter.finish({ event: 'failed', failure: { code: 'stopped' } })
})

test('stderr may be anything, and much of it', async () => {
  const script = `cat ${at('content')} >&2; printf 'the \\033end' >&2; exit 1`
  const { report } = await failureOf(streamBackupJob(repository, script))
  assert.ok(Buffer.byteLength(report.stderr) <= COMMAND_STDERR_BYTES_MAX)
  assert.ok(report.stderr.endsWith('the \\x1bend'))
  assert.doesNotMatch(report.stderr, /[^\P{Cc}\t\n]/u)
  assert.equal(report.isStderrCut, true)
})

test('it gets its environment and nothing of ours, a session of its own, and no input', async () => {
  const environment = { PATH: '/usr/bin:/bin', HOLDFAST_HOOK_RUN_ID: 'x', EMPTY: '' }
  const output = async (words: readonly [string, ...string[]], directory = '/') => {
    const command = shellCommand('', {
      words,
      environment,
      directory: encodePathBytes(Buffer.from(directory)),
    })
    const { repositorySnapshotID } = await resultOfMover(streamBackupJob(repository, command))
    const script = `cat > ${at('told')}`
    await resultOfMover(streamRestoreJob(repository, repositorySnapshotID, script))
    return readFileSync(at('told'), 'utf8')
  }
  const given = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
  assert.deepEqual((await output(['env', '-0'])).split('\0').slice(0, -1), given)
  const [pid, group, session] = (
    await output([
      '/bin/sh',
      '-c',
      'echo $$; cut -d " " -f 5,6 --output-delimiter "\n" /proc/$$/stat',
    ])
  ).split('\n')
  assert.deepEqual([group, session], [pid, pid])
  const handles = await output([
    '/bin/sh',
    '-c',
    'for n in 0 1 2; do readlink /proc/$$/fd/$n; done',
  ])
  assert.match(handles, /^\/dev\/null\npipe:\[\d+\]\npipe:\[\d+\]\n$/)
  const odd = join(work.path, 'odd ü\n')
  mkdirSync(odd)
  assert.equal(await output(['/bin/pwd'], odd), `${odd}\n`)
})

test('who reads outside of the session is ended, too, before the input is', async () => {
  // As `su -c` and `timeout` have their programs do it, which are found by what they read.
  const waiting = at('reads-outside')
  const [mark, ended] = [randomUUID(), at('saw-the-end')]
  const reading = `touch ${waiting}; (sleep 1000); cat > /dev/null; : > ${ended}`
  const environment = { PATH: '/usr/bin:/bin', MARK: mark }
  const command = shellCommand(`setsid -w sh -c '${reading}'`, { environment })
  const job = streamRestoreJob(repository, storedID, command, { timeoutMs: 700 })
  assert.equal((await failureOf(job)).end.kind, 'timed-out')
  assert.deepEqual(processesWith(mark), [])

  rmSync(waiting, { force: true })
  const mover = startMover(streamRestoreJob(repository, storedID, command))
  while (!existsSync(waiting)) await delay(20)
  mover.child.kill('SIGKILL')
  await mover.ended
  // The guard sees it in its own time.
  while (processesWith(mark).length > 0) await delay(20)
  assert.throws(() => readFileSync(ended), { code: 'ENOENT' })
  const lockHostnames = [LOCK_HOSTNAME]
  await resultOfMover({ kind: 'unlock', repository: repository.access, lockHostnames })
})

test('it becomes the user that it is given, who can open its streams', {
  skip: needsRoot,
}, async () => {
  const user = { uid: 65_534, gid: 65_533 }
  const script = 'id -u > /dev/stdout; id -G; echo told > /dev/stderr'
  const command = shellCommand(script, { user })
  const { repositorySnapshotID, command: report } = await resultOfMover(
    streamBackupJob(repository, command),
  )
  assert.equal(report.stderr, 'told\n')
  const restore = shellCommand('cat /dev/stdin >&2', { user })
  const restored = await resultOfMover(streamRestoreJob(repository, repositorySnapshotID, restore))
  assert.equal(restored.command.stderr, '65534\n65533\n')
})

test('a snapshot that is not there, or has no stream, runs nothing', async () => {
  const script = `touch ${at('touched')}`
  const job = streamRestoreJob(repository, 'f'.repeat(64), script)
  assert.equal((await failureOfMover(job)).code, 'snapshot-not-found')
  const other = { ...streamRestoreJob(repository, storedID, script), logicalPath: '/shop/data' }
  assert.equal((await failureOfMover(other)).code, 'snapshot-not-found')
  assert.throws(() => readFileSync(at('touched')), { code: 'ENOENT' })
})

/** Of it the lock sees nothing pass until it is to be refreshed. */
function createPollClock() {
  let now = systemClock.now()
  const polled = Promise.withResolvers<void>()
  const refreshed = Promise.withResolvers<void>()
  return {
    now: () => now,
    async sleep(ms: number, options: Parameters<typeof systemClock.sleep>[1]) {
      if (ms === POLL_MS) return await polled.promise
      // The limit of an attempt, which ends with it.
      if (ms === REFRESH_MS_MAX)
        options.signal?.addEventListener('abort', () => refreshed.resolve())
      await systemClock.sleep(ms, options)
    },
    async refreshLock() {
      now = now.add({ minutes: 6 })
      polled.resolve()
      await refreshed.promise
      await delay(0)
    },
  }
}

/** How often a lock looks at its age, and how long it may take to be refreshed. */
const [POLL_MS, REFRESH_MS_MAX] = [10_000, 120_000]
