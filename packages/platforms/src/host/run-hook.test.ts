import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  symlinkSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { HookResult, RunHookRequest } from '../platform.ts'
import { type HostApp, makeHostApp } from '../testing/host-app.ts'
import { startTimeOf } from './process-start-time.ts'
import { runHostHook, stopHostHook } from './run-hook.ts'

const never = new AbortController().signal
const OTHER_USER = 23_456
const OTHER_GROUP = 23_457
const needsRoot = process.geteuid?.() === 0 ? false : 'NOT TESTED: only root can become other users'

function run(
  app: HostApp,
  script: string,
  changes: Partial<RunHookRequest> & { readonly allowsRoot?: boolean } = {},
): Promise<HookResult> {
  const { allowsRoot = true, ...request } = changes
  const { hostRoot, stateDir } = app
  return runHostHook(
    { hostRoot, stateDir, allowsRoot },
    {
      id: randomUUID(),
      namespace: app.namespace,
      script: Buffer.from(script),
      arguments: [],
      environment: {},
      mayRunAsRoot: true,
      timeoutMs: 60_000,
      ...request,
    },
    never,
  )
}

function giveAway(app: HostApp): string {
  const path = join(app.hostRoot, app.namespace)
  // The directories on the way are the test's own.
  for (const parent of [join(app.hostRoot, '..'), app.hostRoot]) chmodSync(parent, 0o755)
  chownSync(path, OTHER_USER, OTHER_GROUP)
  return path
}

test('a hook is the owner of the directory, and nobody besides', { skip: needsRoot }, async () => {
  await using app = makeHostApp()
  const path = giveAway(app)
  const script = 'id -u; id -g; id -G; pwd; echo "$HOME"; touch mine; ls -l /proc/self/fd/3 | wc -l'
  const { end, output } = await run(app, script, { mayRunAsRoot: false, allowsRoot: false })
  assert.deepEqual(end, { kind: 'exited', exitCode: 0 })
  const expected = [OTHER_USER, OTHER_GROUP, OTHER_GROUP, path, path]
  assert.deepEqual(output.split('\n').slice(0, 5), expected.map(String))
  assert.ok(existsSync(join(path, 'mine')))
  assert.deepEqual(readdirSync(app.stateDir), [])
})

test('the script is read by any interpreter that its first line names', async () => {
  await using app = makeHostApp()
  const script = '#!/usr/bin/env -S cat\nthe script itself\n'
  const { end, output } = await run(app, script)
  assert.deepEqual(end, { kind: 'exited', exitCode: 0 })
  assert.equal(output, script)
})

test('the environment is what is documented, and nothing of ours', async () => {
  await using app = makeHostApp()
  const { output } = await run(app, '#!/usr/bin/env -S cat /proc/self/environ\n', {
    environment: { HOLDFAST_APP_NAME: 'shop' },
  })
  const names = output.split('\\x00').map((line) => line.split('=')[0])
  assert.deepEqual(
    names
      .filter((name) => name !== '\n')
      .slice(0, 5)
      .toSorted(),
    ['HOLDFAST_APP_NAME', 'HOLDFAST_HOOK_RUN_ID', 'HOME', 'LANG', 'PATH'],
  )
})

test('the superuser is refused unless both the operator and the maker may', {
  skip: needsRoot,
}, async () => {
  await using app = makeHostApp()
  const marker = join(app.hostRoot, app.namespace, 'ran')
  for (const allowed of [
    { allowsRoot: false, mayRunAsRoot: true },
    { allowsRoot: true, mayRunAsRoot: false },
  ]) {
    const { end } = await run(app, 'touch ran', allowed)
    assert.equal(end.kind, 'refused')
    assert.match(end.kind === 'refused' ? end.reason : '', /belongs to root/)
  }
  assert.ok(!existsSync(marker))
  const { end } = await run(app, 'touch ran')
  assert.deepEqual(end, { kind: 'exited', exitCode: 0 })
  assert.ok(existsSync(marker))
})

test('a link in the place of the namespace leads nowhere', async () => {
  await using app = makeHostApp()
  const path = join(app.hostRoot, app.namespace)
  renameSync(path, `${path}-away`)
  symlinkSync('/', path)
  for (const namespace of [app.namespace, '..', `${app.namespace}/..`, '.holdfast']) {
    const { end } = await run(app, 'touch /holdfast-escaped', { namespace })
    assert.equal(end.kind, 'refused', namespace)
  }
})

test('a hook whose script cannot be laid down is one that failed, not a host that is away', async () => {
  await using app = makeHostApp()
  const id = randomUUID()
  mkdirSync(join(app.stateDir, `hook-${id}`), { recursive: true })
  const { end } = await run(app, 'touch ran', { id })
  assert.equal(end.kind, 'refused')
  assert.match(end.kind === 'refused' ? end.reason : '', /its script could not be written .*EISDIR/)
  assert.ok(!existsSync(join(app.hostRoot, app.namespace, 'ran')))
})

test('output is bounded, its beginning and its end are kept', async () => {
  await using app = makeHostApp()
  const { output } = await run(app, 'echo first; head -c 1000000 /dev/zero | tr "\\0" x; echo last')
  assert.ok(output.length < 40_000)
  assert.match(output, /^first\nx+\n… \d+ bytes left out …\nx+last\n$/)
})

test('what a hook left in its session ends with it, what left the session does not', async () => {
  await using app = makeHostApp()
  const script = `
    sleep 1000 &
    echo $!
    setsid sh -c 'echo $$ > outside; exec sleep 1000' > /dev/null 2>&1 &
    while [ ! -s outside ]; do sleep 0.01; done
    cat outside`
  const { end, output } = await run(app, script)
  assert.deepEqual(end, { kind: 'exited', exitCode: 0 })
  const [inside = 0, outside = 0] = output.split('\n').map(Number)
  assert.ok(inside > 0 && outside > 0)
  assert.equal(startTimeOf(inside), undefined)
  assert.notEqual(startTimeOf(outside), undefined)
  process.kill(outside, 'SIGKILL')
})

test('a stopped hook takes with it what left its session', async () => {
  await using app = makeHostApp()
  const id = randomUUID()
  const running = run(app, `setsid sh -c 'echo $$ > outside; exec sleep 1000' & sleep 1000`, { id })
  let outside = 0
  while (outside === 0) {
    await delay(10)
    outside = Number(await app.readFile('..', `${app.namespace}/outside`))
  }
  await stopHostHook(id)
  assert.equal(startTimeOf(outside), undefined)
  assert.deepEqual((await running).end, { kind: 'killed', signal: 'SIGTERM' })
})

test('one that does not heed SIGTERM is killed', async () => {
  await using app = makeHostApp()
  const { end } = await run(app, 'trap "" TERM; while :; do sleep 1; done', { timeoutMs: 50 })
  assert.deepEqual(end, { kind: 'timed-out', timeoutMs: 50 })
})

test('one that cannot be ended does not hold up its operation for ever', {
  skip: needsRoot,
}, async (context) => {
  await using app = makeHostApp()
  const path = giveAway(app)
  const stateDir = join(app.hostRoot, '..', 'state-of-other')
  mkdirSync(stateDir)
  chownSync(stateDir, OTHER_USER, OTHER_GROUP)
  copyFileSync('/usr/bin/setpriv', join(path, 'become'))
  chmodSync(join(path, 'become'), 0o4755)
  const request = {
    id: randomUUID(),
    namespace: app.namespace,
    arguments: [],
    environment: {},
    mayRunAsRoot: false,
    timeoutMs: 50,
  }
  // A service that is not root, and a hook that became root: it may not be sent a signal.
  const program = `
    const { runHostHook } = await import(${JSON.stringify(import.meta.resolve('./run-hook.ts'))})
    const place = { hostRoot: ${JSON.stringify(app.hostRoot)}, stateDir: ${JSON.stringify(stateDir)} }
    const request = { ...${JSON.stringify(request)}, script: Buffer.from('exec ./become --reuid 0 sleep 30') }
    const result = await runHostHook({ ...place, allowsRoot: false }, request, new AbortController().signal)
    console.log(JSON.stringify(result))`
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', program],
    { uid: OTHER_USER, gid: OTHER_GROUP, cwd: '/', encoding: 'utf8', timeout: 40_000 },
  )
  await stopHostHook(request.id)
  if (/EACCES|ERR_MODULE_NOT_FOUND/.test(stderr)) {
    return context.skip('NOT TESTED: other users cannot read this checkout')
  }
  assert.equal(status, 0, stderr)
  const { end, output } = JSON.parse(stdout) as HookResult
  assert.deepEqual(end, { kind: 'timed-out', timeoutMs: 50 })
  assert.match(output, /could not be ended/)
})
