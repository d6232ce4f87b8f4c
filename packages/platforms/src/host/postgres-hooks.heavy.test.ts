// The example in docs/hooks.md, word for word, on a real PostgreSQL server.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { chmodSync, chownSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type HostApp, makeHostApp } from '../testing/host-app.ts'
import { runHostHook } from './run-hook.ts'

const never = new AbortController().signal
const DOCUMENT = new URL('../../../../docs/hooks.md', import.meta.url)
const binaries = binariesOfPostgres()
const user = spawnSync('id', ['-u', 'postgres']).stdout.toString().trim()
const lacking = process.geteuid?.() !== 0 || binaries === undefined || user === ''

test('a dump is made before a snapshot and loaded after a restore', {
  skip: lacking ? 'NOT TESTED: needs root, PostgreSQL and its user postgres' : false,
}, async () => {
  await using app = makeHostApp()
  const directory = join(app.hostRoot, app.namespace)
  for (const parent of [join(app.hostRoot, '..'), app.hostRoot]) chmodSync(parent, 0o755)
  chownSync(directory, Number(user), Number(groupOfPostgres()))
  const server = startServer(directory)
  try {
    server.sql('postgres', 'create database shop')
    server.sql('shop', 'create table orders (id int); insert into orders values (1), (2)')
    for (let time = 0; time < 2; time += 1) await hook(app, directory, '10-dump')
    server.sql('shop', 'insert into orders values (3)')
    for (let time = 0; time < 2; time += 1) await hook(app, directory, '10-load')
    assert.equal(server.sql('shop', 'select count(*) from orders'), '2')
  } finally {
    server.stop()
  }
})

function binariesOfPostgres(): string | undefined {
  const versions = existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql') : []
  const path = `/usr/lib/postgresql/${versions.at(-1)}/bin`
  return existsSync(`${path}/initdb`) ? path : undefined
}

function groupOfPostgres(): string {
  return execFileSync('id', ['-g', 'postgres']).toString().trim()
}

function startServer(directory: string) {
  const asPostgres = (program: string, ...words: string[]) =>
    execFileSync(
      'setpriv',
      [
        `--reuid=${user}`,
        `--regid=${groupOfPostgres()}`,
        '--clear-groups',
        '--',
        join(binaries ?? '', program),
        ...words,
      ],
      { cwd: directory, stdio: ['ignore', 'pipe', 'ignore'] },
    )
      .toString()
      .trim()
  const data = join(directory, 'pgdata')
  asPostgres('initdb', '--no-sync', '--auth=trust', '-D', data)
  const options = `-k ${directory} -c listen_addresses= -c fsync=off`
  asPostgres('pg_ctl', '-w', '-D', data, '-l', join(directory, 'log'), '-o', options, 'start')
  return {
    sql: (database: string, statement: string) =>
      asPostgres('psql', '-h', directory, '-d', database, '-Atqc', statement),
    stop: () => asPostgres('pg_ctl', '-w', '-D', data, '-m', 'immediate', 'stop'),
  }
}

async function hook(app: HostApp, directory: string, name: string): Promise<void> {
  const scripts = readFileSync(DOCUMENT, 'utf8').matchAll(/```sh\n(#!\/bin\/sh\n[^`]*)```/g)
  const script = [...scripts]
    .map(([, text = '']) => text)
    .find((text) => text.includes(`# ${name}`))
  assert.ok(script, `${name} is not in the document`)
  const { hostRoot, stateDir } = app
  const { end, output } = await runHostHook(
    { hostRoot, stateDir, allowsRoot: false },
    {
      id: randomUUID(),
      namespace: app.namespace,
      // Where this server is; usually it is where the programs look.
      script: Buffer.from(script.replace('set -eu\n', `set -eu\nexport PGHOST=${directory}\n`)),
      arguments: ['shop'],
      environment: {},
      mayRunAsRoot: false,
      timeoutMs: 60_000,
    },
    never,
  )
  assert.deepEqual(end, { kind: 'exited', exitCode: 0 }, output)
}
