// A restore whose process is killed at every point that matters, then continued or undone.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { getFile, type HostApp, makeHostApp, openHostPlatform } from '../testing/host-app.ts'
import { mountFilesystem } from '../testing/loop-filesystem.ts'

// In memory where that is possible: these tests wait for the disk some hundred times otherwise.
const memory = mountFilesystem('tmpfs', { sizeMebibytes: 64 })
if (typeof memory !== 'string') after(() => memory[Symbol.dispose]())

const never = new AbortController().signal
const PROGRAM = fileURLToPath(new URL('../testing/crashing-restore.ts', import.meta.url))

const BEFORE = { data: 'old data', config: 'old config', loose: 'old loose', later: 'later' }
const AFTER = { data: 'new data', config: 'new config', loose: 'new .', later: undefined }

/** Two volumes, a loose entry and one that is removed: four steps. */
const COMMIT_POINTS = [
  'exchange-begun',
  ...[0, 1, 2, 3].flatMap((number) => [`step-${number}-begun`, `step-${number}-done`]),
  'exchange-done',
]
const UNDO_POINTS = [0, 1, 2, 3].map((number) => `undo-${number}-done`)

test('the list of points is the one that a restore passes', async () => {
  await using app = await makeStagedApp()
  assert.deepEqual(runUntilKilled(app, 'commit', undefined), COMMIT_POINTS)
  assert.deepEqual(runUntilKilled(app, 'rollback', undefined), UNDO_POINTS)
})

// A step that has begun leaves nothing else behind than the one before that was done.
for (const killAt of COMMIT_POINTS.filter((point) => !/^step-.*-begun$/.test(point))) {
  test(`killed at ${killAt}, the repeated call goes forward`, async () => {
    await using app = await makeStagedApp()
    runUntilKilled(app, 'commit', killAt)
    const successor = openHostPlatform(app)
    await successor.commitRestore('r1', never)
    assert.deepEqual(stateOf(app), AFTER)
    await successor.finishRestore('r1', never)
    assert.deepEqual(stateOf(app), AFTER)
    assertNothingLeft(app)
  })

  test(`killed at ${killAt}, a rollback goes all the way back`, async () => {
    await using app = await makeStagedApp()
    runUntilKilled(app, 'commit', killAt)
    await openHostPlatform(app).rollbackRestore('r1', never)
    assert.deepEqual(stateOf(app), BEFORE)
    assertNothingLeft(app)
  })
}

for (const killAt of UNDO_POINTS) {
  test(`killed while going back at ${killAt}, the repeated rollback ends it`, async () => {
    await using app = await makeStagedApp()
    await app.platform.commitRestore('r1', never)
    runUntilKilled(app, 'rollback', killAt)
    await openHostPlatform(app).rollbackRestore('r1', never)
    assert.deepEqual(stateOf(app), BEFORE)
    assertNothingLeft(app)
  })
}

test('staged files and directories are flushed before the first exchange', async (t) => {
  if (spawnSync('strace', ['-V']).status !== 0) return t.skip('NOT TESTED: strace is missing')
  await using app = await makeStagedApp()
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-strace-'))
  try {
    const calls = traceCommit(app, join(directory, 'trace'))
    const exchanged = calls.findIndex((call) => /renameat2\(.*RENAME_EXCHANGE/.test(call))
    const flushed = calls.findIndex((call) => /syncfs\(\d+<.*\/restore-r1>\) += 0/.test(call))
    const listed = calls.findIndex((call) => /fsync\(\d+<.*\/restore-r1>\)/.test(call))
    const planned = calls.findIndex((call) => /fsync\(\d+<.*\/r1\.steps>\)/.test(call))
    const journaled = calls.findIndex((call) => /fsync\(\d+<.*\/r1\.json\.tmp>\)/.test(call))
    const found = [planned, flushed, listed, journaled, exchanged]
    assert.ok(!found.includes(-1), calls.join('\n'))
    assert.deepEqual(
      found.toSorted((a, b) => a - b),
      found,
    )
  } finally {
    rmSync(directory, { recursive: true })
  }
})

async function makeStagedApp(): Promise<HostApp> {
  const app = makeHostApp(typeof memory === 'string' ? {} : { parent: memory.path })
  await app.writeFile('data', 'file', 'old data')
  await app.writeFile('config', 'file', 'old config')
  writeFileSync(join(app.hostRoot, 'shop/loose'), 'old loose')
  writeFileSync(join(app.hostRoot, 'shop/later'), 'later')
  const sizes = { expectedBytes: 10, expectedEntries: 2 }
  const keys = ['data', 'config', '.']
  const volumes = keys.map((key) => ({ namespace: 'shop', key, ...sizes }))
  const request = { id: 'r1', volumes, namespaces: ['shop'], allowInUse: true }
  const staging = await app.platform.prepareRestore(request, never)
  for (const staged of staging.volumes) {
    const name = staged.key === '.' ? 'loose' : 'file'
    await app.fillStaged(staged, name, `new ${staged.key}`)
  }
  return app
}

/** The points it passed. */
function runUntilKilled(app: HostApp, verb: string, killAt: string | undefined): string[] {
  const { hostRoot, stateDir } = app
  const input = JSON.stringify({ hostRoot, stateDir, verb, killAt })
  const run = spawnSync(process.execPath, [PROGRAM, input], { encoding: 'utf8' })
  // A point that is never reached would make the test pass for nothing.
  assert.equal(run.signal, killAt === undefined ? null : 'SIGKILL', run.stderr)
  return run.stdout.trim().split('\n')
}

function stateOf(app: HostApp): Record<keyof typeof BEFORE, string | undefined> {
  const inNamespace = (path: string) => getFile(join(app.hostRoot, 'shop', path))
  const [data, config] = [inNamespace('data/file'), inNamespace('config/file')]
  return { data, config, loose: inNamespace('loose'), later: inNamespace('later') }
}

function assertNothingLeft(app: HostApp): void {
  assert.deepEqual(readdirSync(join(app.hostRoot, '.holdfast')), [])
  assert.deepEqual(readdirSync(join(app.stateDir, 'restores')), [])
}

function traceCommit(app: HostApp, trace: string): string[] {
  const { hostRoot, stateDir } = app
  const input = JSON.stringify({ hostRoot, stateDir, verb: 'commit' })
  const options = ['-f', '-y', '-e', 'trace=renameat2,syncfs,fsync,fdatasync', '-o', trace]
  const run = spawnSync('strace', [...options, process.execPath, PROGRAM, input], {
    encoding: 'utf8',
  })
  assert.equal(run.status, 0, run.stderr)
  return readFileSync(trace, 'utf8').split('\n')
}
