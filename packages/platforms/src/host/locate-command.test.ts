import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { chmodSync, chownSync, renameSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { CommandRequest } from '../platform.ts'
import { type HostApp, makeHostApp } from '../testing/host-app.ts'
import { guardPaths } from './guarded-paths.ts'
import { locateHostCommand } from './locate-command.ts'

const OTHER_USER = 23_456
const OTHER_GROUP = 23_457
const needsRoot = process.geteuid?.() === 0 ? false : 'NOT TESTED: only root can become other users'

function locate(
  app: HostApp,
  changes: Partial<CommandRequest> & { readonly allowsRoot?: boolean } = {},
) {
  const { allowsRoot = true, ...request } = changes
  return locateHostCommand(
    { hostRoot: app.hostRoot, allowsRoot },
    {
      id: randomUUID(),
      namespace: app.namespace,
      command: '"pg_dump $DATABASE"',
      environment: { HOLDFAST_APP_NAME: 'shop' },
      mayRunAsRoot: true,
      ...request,
    },
  )
}

test('a command is a line for the shell, in the namespace, with the variables of hooks', async () => {
  await using app = makeHostApp()
  const id = randomUUID()
  const { location } = await locate(app, { id })
  const directory = join(app.hostRoot, app.namespace)
  assert.deepEqual([location?.id, location?.words], [id, ['/bin/sh', '-c', 'pg_dump $DATABASE']])
  assert.equal(location?.directory, directory)
  const { PATH, ...environment } = location.environment
  assert.match(PATH ?? '', /\/usr\/bin/)
  assert.deepEqual(environment, {
    HOLDFAST_APP_NAME: 'shop',
    LANG: 'C.UTF-8',
    HOME: directory,
    HOLDFAST_HOOK_RUN_ID: id,
  })
})

test('a command is the owner of the directory, and root only where both may', {
  skip: needsRoot,
}, async () => {
  await using app = makeHostApp()
  const { location } = await locate(app)
  assert.deepEqual(location?.user, { uid: 0, gid: 0 })
  for (const allowed of [
    { allowsRoot: false, mayRunAsRoot: true },
    { allowsRoot: true, mayRunAsRoot: false },
  ]) {
    const { refusal } = await locate(app, allowed)
    assert.match(refusal ?? '', /belongs to root/)
  }
  const path = join(app.hostRoot, app.namespace)
  for (const parent of [join(app.hostRoot, '..'), app.hostRoot]) chmodSync(parent, 0o755)
  chownSync(path, OTHER_USER, OTHER_GROUP)
  const other = await locate(app, { mayRunAsRoot: false, allowsRoot: false })
  assert.deepEqual(other.location?.user, { uid: OTHER_USER, gid: OTHER_GROUP })
})

test('a directory that was replaced by a link after it was located is not entered', async () => {
  await using app = makeHostApp()
  const { location } = await locate(app)
  assert.ok(location)
  const job = {
    kind: 'stream-backup',
    repository: {
      id: 'r' as never,
      store: { kind: 'local', path: '/nowhere' },
      keys: { encrypt: '', macK: '', macR: '' },
      lockHostname: 'h',
    },
    source: location,
    label: { time: '2026-01-02T03:04:05Z', hostname: 'h', logicalPath: '/stream', tags: [] },
  } as const
  const path = join(app.hostRoot, app.namespace)
  {
    using guarded = guardPaths(app.hostRoot, job)
    // It is held open: whoever renames it now leads the mover nowhere else.
    renameSync(path, `${path}-away`)
    symlinkSync('/', path)
    const cwd = guarded.job.kind === 'stream-backup' ? guarded.job.source.directory : ''
    const { stdout } = spawnSync('/bin/sh', ['-c', 'ls'], { cwd, encoding: 'utf8' })
    assert.equal(stdout, 'config\ndata\n')
  }
  assert.throws(() => guardPaths(app.hostRoot, job), /without following links/)
  const { refusal } = await locate(app)
  assert.match(refusal ?? '', /no directory/)
})
