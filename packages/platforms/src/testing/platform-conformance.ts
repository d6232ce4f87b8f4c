// What every platform must do, whatever it drives: run this suite over a harness of the platform.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import type {
  Location,
  MoverEvent,
  MoverJob,
  MoverResults,
  SnapshotStrategy,
} from '@holdfast/domain'
import type {
  CommandRequest,
  Platform,
  RunHookRequest,
  RunningMover,
  StagedVolume,
} from '../platform.ts'
import { platformFailureOf } from '../platform-error.ts'

/** One namespace with an app in it, whose volumes `data` and `config` are empty at first. */
export interface PlatformHarness extends AsyncDisposable {
  readonly platform: Platform
  readonly namespace: string
  /** Paths are relative to the volume; directories on the way are made. */
  writeFile(key: string, path: string, content: string): Promise<void>
  /** Undefined when there is no such file. */
  readFile(key: string, path: string): Promise<string | undefined>
  /** The whole volume is gone, as after an accident. */
  loseVolume(key: string): Promise<void>
  /** Puts a file into a staged volume, as a mover would. */
  fillStaged(staged: StagedVolume, path: string, content: string): Promise<void>
  readLocation(location: Location, path: string): Promise<string | undefined>
}

/**
 * The harness's movers must run `fixture-mover.ts`, whose doings depend on the tags of a `list`
 * job. Harnesses are made anew for each test.
 */
export function describePlatformConformance(
  name: string,
  makeHarness: () => Promise<PlatformHarness>,
): void {
  describe(`${name} keeps the platform contract`, () => {
    testDiscovery(makeHarness)
    testSnapshots(makeHarness)
    testRestore(makeHarness)
    testRestoreEnds(makeHarness)
    testMovers(makeHarness)
    testHooks(makeHarness)
    testCommands(makeHarness)
  })
}

type MakeHarness = () => Promise<PlatformHarness>
type PlatformStrategy = Exclude<SnapshotStrategy, 'copy'>

const never = new AbortController().signal

function testDiscovery(makeHarness: MakeHarness): void {
  test('an inventory names the namespace and its volumes, without holes and with sizes', async () => {
    await using harness = await makeHarness()
    const { platform, namespace } = harness
    await harness.writeFile('data', 'a/b', 'four')
    const all = await platform.discover({ namespaces: undefined }, never)
    assert.deepEqual(
      all.namespaces.map(({ name }) => name),
      [namespace],
    )
    const inventory = await platform.discover({ namespaces: [namespace] }, never)
    assert.deepEqual(
      inventory.volumes.map(({ key, holes }) => ({ key, holes })),
      [
        { key: 'config', holes: [] },
        { key: 'data', holes: [] },
      ],
    )
    const data = inventory.volumes.find(({ key }) => key === 'data')
    assert.equal(data?.estimatedBytes, 4)
    assert.equal(data.strategies.at(-1), 'copy')
    assert.ok(inventory.instances.length > 0)
    assert.ok(inventory.resources.length > 0)
    const none = await platform.discover({ namespaces: ['not-there'] }, never)
    assert.deepEqual([none.namespaces, none.volumes], [[], []])
  })

  test('identities stay when discovery is repeated', async () => {
    await using harness = await makeHarness()
    const once = await harness.platform.discover({ namespaces: undefined }, never)
    await harness.writeFile('data', 'later', 'x')
    const again = await harness.platform.discover({ namespaces: undefined }, never)
    assert.deepEqual(again.namespaces, once.namespaces)
    assert.deepEqual(again.resources, once.resources)
  })
}

async function strategyFor(harness: PlatformHarness): Promise<PlatformStrategy | undefined> {
  const { platform, namespace } = harness
  const inventory = await platform.discover({ namespaces: [namespace] }, never)
  const strategies = inventory.volumes.find(({ key }) => key === 'data')?.strategies ?? []
  return strategies.find((strategy): strategy is PlatformStrategy => strategy !== 'copy')
}

function testSnapshots(makeHarness: MakeHarness): void {
  test('a volume snapshot keeps what was, is repeatable, is listed and goes', async (t) => {
    await using harness = await makeHarness()
    const { platform, namespace } = harness
    const strategy = await strategyFor(harness)
    if (strategy === undefined) {
      t.skip('volumes here have no strategy but `copy`, which is a mover’s')
      return
    }
    await harness.writeFile('data', 'file', 'before')
    const request = { id: 'snap-1', namespace, key: 'data', strategy }
    const taken = await platform.snapshotVolume(request, never)
    await harness.writeFile('data', 'file', 'after')
    assert.deepEqual(await platform.snapshotVolume(request, never), taken)
    const handle = JSON.parse(JSON.stringify(taken.handle))
    const location = await platform.locateSnapshot(handle)
    assert.equal(await harness.readLocation(location, 'file'), 'before')
    assert.deepEqual(await platform.listOwned(), [
      { kind: 'volume-snapshot', id: 'snap-1', handle },
    ])
    await harness.loseVolume('data')
    await restoreFromSnapshot(harness, handle)
    assert.equal(await harness.readFile('data', 'file'), 'before')
    await platform.deleteVolumeSnapshot(handle, never)
    await platform.deleteVolumeSnapshot(handle, never)
    assert.deepEqual(await platform.listOwned(), [])
    await assert.rejects(platform.locateSnapshot(handle), withCode('snapshot-failed'))
  })

  test('a live volume is located; one that is not there is not', async () => {
    await using harness = await makeHarness()
    const { platform, namespace } = harness
    await harness.writeFile('data', 'file', 'live')
    const location = await platform.locateVolume({ namespace, key: 'data' })
    assert.equal(await harness.readLocation(location, 'file'), 'live')
    const lost = platform.locateVolume({ namespace, key: 'lost' })
    await assert.rejects(lost, withCode('volume-not-found'))
    const elsewhere = platform.locateVolume({ namespace: 'not-there', key: 'data' })
    await assert.rejects(elsewhere, withCode('namespace-not-found'))
  })
}

async function restoreFromSnapshot(
  { platform, namespace }: PlatformHarness,
  handle: Parameters<Platform['locateSnapshot']>[0],
): Promise<void> {
  await platform.prepareRestore(restoreRequest(namespace, ['data']), never)
  const request = { id: RESTORE, namespace, key: 'data', handle }
  const counted = await platform.stageSnapshot(request, never)
  assert.deepEqual(await platform.stageSnapshot(request, never), counted)
  assert.equal(counted.bytes, 'before'.length)
  await platform.commitRestore(RESTORE, never)
  await platform.finishRestore(RESTORE, never)
}

const RESTORE = 'restore-of-test'

function restoreRequest(namespace: string, keys: readonly string[]) {
  const volumes = keys.map((key) => ({ namespace, key, expectedBytes: 10, expectedEntries: 2 }))
  return { id: RESTORE, volumes, namespaces: [namespace], allowInUse: false }
}

async function stageFile(harness: PlatformHarness, keys: readonly string[]): Promise<void> {
  const request = restoreRequest(harness.namespace, keys)
  const staging = await harness.platform.prepareRestore(request, never)
  assert.deepEqual(
    staging.volumes.map(({ key }) => key),
    keys,
  )
  for (const volume of staging.volumes) {
    await harness.fillStaged(volume, 'file', `restored ${volume.key}`)
  }
}

async function contents(harness: PlatformHarness): Promise<(string | undefined)[]> {
  return [await harness.readFile('data', 'file'), await harness.readFile('config', 'file')]
}

const BEFORE = ['old data', 'old config']
const RESTORED = ['restored data', 'restored config']

async function writeBefore(harness: PlatformHarness): Promise<void> {
  await harness.writeFile('data', 'file', 'old data')
  await harness.writeFile('config', 'file', 'old config')
}

function testRestore(makeHarness: MakeHarness): void {
  test('staged volumes take their places at commit, all of them, and nothing is left', async () => {
    await using harness = await makeHarness()
    await writeBefore(harness)
    await harness.writeFile('data', 'later', 'not in the copy')
    await stageFile(harness, ['data', 'config'])
    assert.deepEqual(await contents(harness), BEFORE)
    assert.deepEqual(await harness.platform.listOwned(), [{ kind: 'staging', id: RESTORE }])
    await harness.platform.commitRestore(RESTORE, never)
    await harness.platform.commitRestore(RESTORE, never)
    assert.deepEqual(await contents(harness), RESTORED)
    assert.equal(await harness.readFile('data', 'later'), undefined)
    await harness.platform.finishRestore(RESTORE, never)
    await harness.platform.finishRestore(RESTORE, never)
    assert.deepEqual(await contents(harness), RESTORED)
    assert.deepEqual(await harness.platform.listOwned(), [])
  })

  test('a volume that the copy lacks is left alone and told', async () => {
    await using harness = await makeHarness()
    await writeBefore(harness)
    const { platform, namespace } = harness
    const staging = await platform.prepareRestore(restoreRequest(namespace, ['data']), never)
    assert.deepEqual(
      staging.warnings.map(({ code, path }) => ({ code, path })),
      [{ code: 'kept-volume', path: `${namespace}/config` }],
    )
    await platform.commitRestore(RESTORE, never)
    assert.deepEqual(await contents(harness), [undefined, 'old config'])
  })

  test('a lost volume is made anew', async () => {
    await using harness = await makeHarness()
    await writeBefore(harness)
    await harness.loseVolume('data')
    await stageFile(harness, ['data', 'config'])
    await harness.platform.commitRestore(RESTORE, never)
    await harness.platform.finishRestore(RESTORE, never)
    assert.deepEqual(await contents(harness), RESTORED)
  })
}

function testRestoreEnds(makeHarness: MakeHarness): void {
  test('rolled back before commit, nothing has changed and nothing is left', async () => {
    await using harness = await makeHarness()
    await writeBefore(harness)
    await stageFile(harness, ['data', 'config'])
    await harness.platform.rollbackRestore(RESTORE, never)
    await harness.platform.rollbackRestore(RESTORE, never)
    assert.deepEqual(await contents(harness), BEFORE)
    assert.deepEqual(await harness.platform.listOwned(), [])
    await assert.rejects(
      harness.platform.commitRestore(RESTORE, never),
      withCode('exchange-failed'),
    )
  })

  test('rolled back after commit, everything is as it was', async () => {
    await using harness = await makeHarness()
    await writeBefore(harness)
    await harness.loseVolume('config')
    await stageFile(harness, ['data', 'config'])
    await harness.platform.commitRestore(RESTORE, never)
    await harness.platform.rollbackRestore(RESTORE, never)
    assert.deepEqual(await contents(harness), ['old data', undefined])
    assert.deepEqual(await harness.platform.listOwned(), [])
  })

  test('prepared again, staging is empty again', async () => {
    await using harness = await makeHarness()
    await writeBefore(harness)
    await stageFile(harness, ['data', 'config'])
    const request = restoreRequest(harness.namespace, ['data'])
    await harness.platform.prepareRestore(request, never)
    await harness.platform.commitRestore(RESTORE, never)
    assert.deepEqual(await contents(harness), [undefined, 'old config'])
  })

  test('finished before commit is refused', async () => {
    await using harness = await makeHarness()
    await stageFile(harness, ['data'])
    const finished = harness.platform.finishRestore(RESTORE, never)
    await assert.rejects(finished, withCode('exchange-failed'))
  })
}

function testMovers(makeHarness: MakeHarness): void {
  test('a mover gets its job on stdin and its events arrive, the result last', async () => {
    await using harness = await makeHarness()
    const mover = await harness.platform.startMover('mover-1', fixtureJob('answer'))
    assert.equal(mover.ref.id, 'mover-1')
    assert.deepEqual(await eventsOf(mover), [
      { event: 'scanned', entries: 1, bytes: 2 },
      { event: 'result', result: { snapshots: [] } },
    ])
    assert.equal(mover.stderrTail().includes(SECRET), false)
    assert.match(mover.stderrTail(), /the key is \[redacted\]/)
  })

  test('a mover that dies without a result is told to have died', async () => {
    await using harness = await makeHarness()
    const mover = await harness.platform.startMover('mover-1', fixtureJob('die'))
    const failure = { code: 'mover-died', exitCode: 3, signal: null } as const
    assert.deepEqual(await eventsOf(mover), [{ event: 'failed', failure, isUnanswered: true }])
  })

  test('what is no event ends the mover', async () => {
    await using harness = await makeHarness()
    const mover = await harness.platform.startMover('mover-1', fixtureJob('babble'))
    const [last] = await eventsOf(mover)
    assert.equal(last?.event === 'failed' && last.failure.code, 'mover-died')
  })

  test('an aborted mover is stopped', async () => {
    await using harness = await makeHarness()
    const mover = await harness.platform.startMover('mover-1', fixtureJob('wait'))
    const abort = new AbortController()
    const events: MoverEvent[] = []
    for await (const event of mover.events(abort.signal)) {
      events.push(event)
      abort.abort()
    }
    const failure = { code: 'stopped' } as const
    assert.deepEqual(events.at(-1), { event: 'failed', failure, isUnanswered: true })
  })

  test('a mover is stopped by its reference, but not another process with its pid', async () => {
    await using harness = await makeHarness()
    const mover = await harness.platform.startMover('mover-1', fixtureJob('wait'))
    const events = mover.events(never)[Symbol.asyncIterator]()
    await events.next()
    await harness.platform.stopMover({ ...mover.ref, startTime: '1' })
    await harness.platform.stopMover(mover.ref)
    await harness.platform.stopMover(mover.ref)
    const last = await events.next()
    assert.equal(last.value?.event, 'failed')
    assert.equal((await events.next()).done, true)
  })

  test('a mover is stopped by its id alone, and others go on', async () => {
    await using harness = await makeHarness()
    const [mover, other] = [
      await harness.platform.startMover('mover-1', fixtureJob('wait')),
      await harness.platform.startMover('mover-10', fixtureJob('wait')),
    ]
    const [events, otherEvents] = [mover, other].map((it) =>
      it.events(never)[Symbol.asyncIterator](),
    )
    await events?.next()
    await otherEvents?.next()
    await harness.platform.stopMover({ id: 'mover-1' })
    await harness.platform.stopMover({ id: 'mover-2' })
    assert.equal((await events?.next())?.value?.event, 'failed')
    await harness.platform.stopMover(other.ref)
    const end = { code: 'mover-died', exitCode: null, signal: 'SIGTERM' }
    const value = { event: 'failed', failure: end, isUnanswered: true }
    assert.deepEqual((await otherEvents?.next())?.value, value)
  })
}

const SECRET = 'c2VjcmV0IGtleQ=='

function testHooks(makeHarness: MakeHarness): void {
  test('a hook runs where the app runs, with its arguments, and its output is kept', async () => {
    await using harness = await makeHarness()
    const script = '#!/bin/sh\nls\necho "$# $2 $HOLDFAST_OF_CALLER"\necho warned >&2\n'
    const request = hookRequest(harness, script, { arguments: ['a b', '$(no) *'] })
    const { end, output } = await harness.platform.runHook(request, never)
    assert.deepEqual(end, { kind: 'exited', exitCode: 0 })
    for (const line of ['data', '2 $(no) * said', 'warned']) assert.ok(output.includes(line))
  })

  test('how a hook ends is told: its exit code, a signal, nowhere to run', async () => {
    await using harness = await makeHarness()
    const endOf = async (script: string, changes = {}) =>
      (await harness.platform.runHook(hookRequest(harness, script, changes), never)).end
    assert.deepEqual(await endOf('exit 7'), { kind: 'exited', exitCode: 7 })
    assert.deepEqual(await endOf('kill -KILL $$'), { kind: 'killed', signal: 'SIGKILL' })
    assert.equal((await endOf('true', { namespace: 'not-there' })).kind, 'refused')
    assert.equal((await endOf('#!/no/such/interpreter\n')).kind, 'refused')
  })

  test('a hook whose time is up, or that is stopped, leaves no process', async () => {
    await using harness = await makeHarness()
    const { platform } = harness
    const sleeping = 'sleep 1000 & sleep 1000'
    const short = hookRequest(harness, sleeping, { timeoutMs: 50 })
    const { end } = await platform.runHook(short, never)
    assert.deepEqual(end, { kind: 'timed-out', timeoutMs: 50 })

    const stopping = new AbortController()
    const running = platform.runHook(hookRequest(harness, sleeping), stopping.signal)
    stopping.abort(new Error('enough'))
    await assert.rejects(running, /enough/)

    const request = hookRequest(harness, sleeping)
    const lost = platform.runHook(request, never)
    await platform.stopHook(request.id)
    await platform.stopHook(request.id)
    assert.notDeepEqual((await lost).end, { kind: 'exited', exitCode: 0 })
  })
}

function testCommands(makeHarness: MakeHarness): void {
  test("a mover runs a command where the app runs, by its shell, with the caller's variables", async () => {
    await using harness = await makeHarness()
    const command = '"ls; echo $HOLDFAST_OF_CALLER; echo $0"'
    const last = await runCommand(harness, { command })
    assert.equal(last?.event, 'result')
    const { command: report } = (last as { result: MoverResults['stream-backup'] }).result
    assert.deepEqual(report.stderr.trim().split('\n').slice(0, 3), ['config', 'data', 'said'])
    const failed = await runCommand(harness, { command: 'echo why >&2; exit 7' })
    const failure = failed?.event === 'failed' ? failed.failure : undefined
    assert.equal(failure?.code === 'command-failed' && failure.report.stderr, 'why\n')
  })

  test('a command has nowhere to run without its namespace', async () => {
    await using harness = await makeHarness()
    const request = commandRequest(harness, { namespace: 'not-there' })
    const { refusal } = await harness.platform.locateCommand(request)
    assert.match(refusal ?? '', /not-there/)
  })

  test('what is left of a command is ended by its id', async () => {
    await using harness = await makeHarness()
    const { platform } = harness
    const request = commandRequest(harness, { command: 'sleep 1000' })
    const { location } = await platform.locateCommand(request)
    assert.ok(location)
    const [program, ...words] = location.words
    const left = spawn(program, words, {
      detached: true,
      stdio: 'ignore',
      env: location.environment,
    })
    const ended = once(left, 'exit')
    await once(left, 'spawn')
    await platform.stopHook(request.id)
    assert.deepEqual(await ended, [null, 'SIGTERM'])
    await platform.stopHook(request.id)
  })
}

async function runCommand(
  harness: PlatformHarness,
  changes: Partial<CommandRequest>,
): Promise<MoverEvent | undefined> {
  const request = commandRequest(harness, changes)
  const { location } = await harness.platform.locateCommand(request)
  assert.ok(location)
  assert.equal(location.id, request.id)
  const mover = await harness.platform.startMover(randomUUID(), {
    kind: 'stream-backup',
    repository: fixtureRepository(),
    source: location,
    label: { time: '2026-01-02T03:04:05Z', hostname: 'h', logicalPath: '/stream', tags: [] },
  })
  return (await eventsOf(mover)).at(-1)
}

function commandRequest(
  { namespace }: PlatformHarness,
  changes: Partial<CommandRequest> = {},
): CommandRequest {
  return {
    id: randomUUID(),
    namespace,
    command: 'true',
    environment: { HOLDFAST_OF_CALLER: 'said' },
    mayRunAsRoot: true,
    ...changes,
  }
}

function hookRequest(
  { namespace }: PlatformHarness,
  script: string,
  changes: Partial<RunHookRequest> = {},
): RunHookRequest {
  return {
    id: randomUUID(),
    namespace,
    script: Buffer.from(script),
    arguments: [],
    environment: { HOLDFAST_OF_CALLER: 'said' },
    mayRunAsRoot: true,
    timeoutMs: 60_000,
    ...changes,
  }
}

function fixtureJob(doing: 'answer' | 'die' | 'babble' | 'wait'): MoverJob {
  return { kind: 'list', repository: fixtureRepository(), tags: [doing] }
}

function fixtureRepository() {
  const keys = { encrypt: SECRET, macK: 'a2V5', macR: 'a2V5' }
  const store = { kind: 'local', path: '/nowhere' } as const
  const id = '00000000-0000-0000-0000-000000000000' as never
  return { id, store, keys, lockHostname: 'holdfast-test' }
}

async function eventsOf(mover: RunningMover): Promise<MoverEvent[]> {
  return await Array.fromAsync(mover.events(never))
}

function withCode(code: string): (error: unknown) => boolean {
  return (error) => {
    assert.equal(platformFailureOf(error)?.code, code)
    return true
  }
}
