// The program from outside: launcher, configuration errors, signals, what the owner is given.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { get } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { makeTestDatabase } from '@holdfast/db/testing'
import type { OwnerFile } from './service-client.ts'
import {
  type Program,
  type ProgramOptions,
  runProgram,
  startProgram,
  startWithNpm,
} from './testing/run-program.ts'

const OLD_NODE = '/usr/bin/node'
const READY = /^Holdfast is ready at (https?:\/\/\S+)$/m

interface Fixture {
  readonly home: string
  readonly environment: Readonly<Record<string, string>>
  /** Resolves with the URL of the ready line. */
  serve(options?: ProgramOptions): Promise<{ program: Program; url: string }>
  owner(): OwnerFile
}

/** A home in an empty directory, with a database on the shared server or the embedded one. */
async function makeFixture(t: TestContext, database: 'shared' | 'embedded'): Promise<Fixture> {
  const parent = mkdtempSync(join(tmpdir(), 'holdfast-program-'))
  const home = join(parent, 'home')
  const shared = database === 'shared' ? await makeTestDatabase({ isMigrated: false }) : undefined
  const environment = {
    HOLDFAST_HOME: home,
    HOLDFAST_LISTEN: '127.0.0.1:0',
    ...(shared === undefined ? {} : { HOLDFAST_DATABASE_URL: shared.url }),
  }
  const programs: Program[] = []
  t.after(async () => {
    for (const { child, ended } of programs) {
      child.kill('SIGTERM')
      await ended
    }
    await shared?.drop()
    rmSync(parent, { recursive: true, force: true })
  })
  return {
    home,
    environment,
    owner: () => JSON.parse(readFileSync(join(home, 'owner.json'), 'utf8')) as OwnerFile,
    async serve(options = {}) {
      const all = { ...environment, ...options.environment }
      const program = startProgram(['serve'], { ...options, environment: all })
      programs.push(program)
      return { program, url: await whenReady(program) }
    },
  }
}

async function whenReady(program: Program): Promise<string> {
  let hasEnded = false
  program.ended.then(() => {
    hasEnded = true
  })
  for (;;) {
    const url = READY.exec(program.stdout())?.[1]
    if (url !== undefined) return url
    assert.ok(!hasEnded, `it ended before it was ready: ${program.stderr()}`)
    await delay(20)
  }
}

test('started by the old Node of the system, with signals as npm and a terminal send them', {
  skip: existsSync(OLD_NODE) ? false : `NOT TESTED: ${OLD_NODE} is missing`,
}, async (t) => {
  const fixture = await makeFixture(t, 'shared')
  const first = await fixture.serve({ node: OLD_NODE })
  assert.match(first.program.stdout(), /recovery kit/, 'told at first start')
  // Twice, as when npm passes it on and the group has it too.
  first.program.child.kill('SIGTERM')
  first.program.child.kill('SIGTERM')
  assert.deepEqual(await first.program.ended, { exitCode: 0, signal: null })

  const second = await fixture.serve({ node: OLD_NODE, hasOwnGroup: true })
  assert.doesNotMatch(second.program.stdout(), /recovery kit/, 'told once')
  process.kill(-(second.program.child.pid ?? 0), 'SIGINT')
  assert.deepEqual(await second.program.ended, { exitCode: 0, signal: null })
})

test('`npm start` stops when npm is asked to, and npm says so', async (t) => {
  const fixture = await makeFixture(t, 'shared')
  const program = startWithNpm({ environment: fixture.environment })
  const url = await whenReady(program)
  program.child.kill('SIGTERM')
  program.child.kill('SIGTERM')
  assert.deepEqual(await program.ended, { exitCode: 0, signal: null })
  await assert.rejects(fetch(url))
})

test('owner.json is closed to others, its token works, its URL is that of this start', async (t) => {
  const fixture = await makeFixture(t, 'shared')
  const first = await fixture.serve()
  assert.equal(statSync(join(fixture.home, 'owner.json')).mode & 0o777, 0o600)
  const owner = fixture.owner()
  assert.deepEqual(Object.keys(owner), ['url', 'accountID', 'hubID', 'userID', 'token'])
  assert.equal(owner.url, first.url)
  assert.equal(await statusOf(owner), 200)

  // A terminal that closes is no reason to stop.
  first.program.child.kill('SIGHUP')
  await untilLogged(first.program, /SIGHUP is ignored/)
  first.program.child.stdout?.destroy()
  first.program.child.stderr?.destroy()
  assert.equal((await fetch(`${first.url}/unknown`)).status, 404)
  assert.equal((await fetch(`${first.url}/healthz`)).status, 200)
  first.program.child.kill('SIGTERM')
  await first.program.ended

  const second = await fixture.serve()
  assert.deepEqual(fixture.owner(), { ...owner, url: second.url })
  assert.equal(await statusOf(fixture.owner()), 200)
  assert.equal((await fetch(`${second.url}/readyz`)).status, 200)
})

test('owner reset: a new token works, the old one no longer, beside the running service', async (t) => {
  const fixture = await makeFixture(t, 'embedded')
  const { program } = await fixture.serve()
  const before = fixture.owner()
  const { environment } = fixture
  const reset = await runProgram(['owner', 'reset'], { environment })
  assert.equal(reset.exitCode, 0, reset.stderr)
  const after = fixture.owner()
  assert.deepEqual({ ...after, token: before.token }, before)
  assert.equal(await statusOf(after), 200)
  assert.equal(await statusOf({ ...after, token: before.token }), 401)

  const shown = await runProgram(['repository'], { environment })
  const password = /^password: (\S+)$/m.exec(shown.stdout)?.[1] ?? ''
  assert.ok(password.length >= 32, shown.stderr)
  const kit = await runProgram(['recovery-kit'], { environment })
  assert.ok(kit.stdout.includes(password), kit.stderr)
  const masterKey = readFileSync(join(fixture.home, 'master.key'), 'utf8').trim()
  assert.ok(kit.stdout.includes(masterKey))
  assert.ok(!(program.stdout() + program.stderr()).includes(before.token), 'no token in the log')

  // The same without the service; the database is started and stopped for it.
  program.child.kill('SIGTERM')
  assert.equal((await program.ended).exitCode, 0)
  const offline = await runProgram(['recovery-kit'], { environment })
  assert.ok(offline.stdout.includes(password), offline.stderr)
  assert.equal((await runProgram(['owner', 'reset'], { environment })).exitCode, 0)
  assert.notEqual(fixture.owner().token, after.token)
  assert.deepEqual(processesBelow(fixture.home), [])
})

test('killed with its database: the next start goes on; the database alone: it is restarted', async (t) => {
  const fixture = await makeFixture(t, 'embedded')
  const first = await fixture.serve()
  const owner = fixture.owner()
  const postmaster = (): number =>
    Number(readFileSync(join(fixture.home, 'postgres/data/postmaster.pid'), 'utf8').split('\n')[0])
  process.kill(postmaster(), 'SIGKILL')
  await untilStatus(`${first.url}/readyz`, 503)
  await untilStatus(`${first.url}/readyz`, 200)
  assert.equal(await statusOf(owner), 200)

  const left = postmaster()
  first.program.child.kill('SIGKILL')
  await first.program.ended
  const second = await fixture.serve()
  await untilLogged(second.program, /PostgreSQL adopted/)
  assert.equal(postmaster(), left)
  assert.equal(await statusOf({ ...owner, url: second.url }), 200)
  second.program.child.kill('SIGTERM')
  assert.equal((await second.program.ended).exitCode, 0)
  assert.deepEqual(processesBelow(fixture.home), [])
})

test('interrupted while it starts, it leaves nothing running', async (t) => {
  const fixture = await makeFixture(t, 'embedded')
  const { environment } = fixture
  const program = startProgram(['serve'], { environment })
  while (!existsSync(join(fixture.home, 'postgres/data/postmaster.pid'))) await delay(5)
  program.child.kill('SIGTERM')
  assert.deepEqual(await program.ended, { exitCode: 0, signal: null })
  assert.doesNotMatch(program.stdout(), READY)
  assert.deepEqual(processesBelow(fixture.home), [])
  const { url } = await fixture.serve()
  assert.equal((await fetch(`${url}/readyz`)).status, 200)
})

test('the master key is changed while the service is stopped, and never beside it', async (t) => {
  const fixture = await makeFixture(t, 'shared')
  const { environment } = fixture
  const file = join(fixture.home, 'master.key')
  const first = await fixture.serve()
  const before = readFileSync(file, 'utf8')
  const refused = await runProgram(['master-key', 'rotate'], { environment })
  assert.equal(refused.exitCode, 1)
  assert.match(refused.stderr, /already runs with the home.*Stop it first/)
  assert.equal(readFileSync(file, 'utf8'), before)
  first.program.child.kill('SIGTERM')
  await first.program.ended

  const rotated = await runProgram(['master-key', 'rotate'], { environment })
  assert.equal(rotated.exitCode, 0, rotated.stderr)
  assert.match(rotated.stdout, /2 secrets were sealed with it.*new recovery kit/s)
  assert.notEqual(readFileSync(file, 'utf8'), before)
  assert.equal(statSync(file).mode & 0o777, 0o600)

  // It starts, so everything opens; the kit shows the new key and the same password as ever.
  await fixture.serve()
  const kit = await runProgram(['recovery-kit'], { environment })
  assert.equal(kit.exitCode, 0, kit.stderr)
  assert.ok(kit.stdout.includes(readFileSync(file, 'utf8').trim()))
  assert.ok(!kit.stdout.includes(before.trim()))
})

test('a configuration that is wrong is refused with every problem, and nothing is made', async (t) => {
  const fixture = await makeFixture(t, 'shared')
  const refused = await runProgram(['serve', '--listen', 'nowhere', '--log-level', 'loud'], {
    environment: { ...fixture.environment, HOLDFAST_TLS_CERT: '/c.pem' },
  })
  assert.equal(refused.exitCode, 1)
  for (const name of ['HOLDFAST_LISTEN', 'HOLDFAST_LOG_LEVEL', 'HOLDFAST_TLS_KEY']) {
    assert.ok(refused.stderr.includes(name), name)
  }
  assert.equal(existsSync(fixture.home), false)
  const unknown = await runProgram(['serve', '--unknown'], { environment: fixture.environment })
  assert.equal(unknown.exitCode, 1)
  assert.match(unknown.stderr, /--unknown/)
})

test('a host root that is not there is refused', async (t) => {
  const fixture = await makeFixture(t, 'shared')
  const refused = await runProgram(['serve', '--host-root', '/nowhere/at/all'], {
    environment: fixture.environment,
  })
  assert.equal(refused.exitCode, 1)
  assert.match(refused.stderr, /host root \/nowhere\/at\/all.*HOLDFAST_HOST_ROOT/)
})

test('a database that does not answer is named, without its password', async (t) => {
  const fixture = await makeFixture(t, 'shared')
  const refused = await runProgram(['serve'], {
    environment: {
      ...fixture.environment,
      HOLDFAST_DATABASE_URL: 'postgresql://u:hunter2@127.0.0.1:1/holdfast',
    },
  })
  assert.equal(refused.exitCode, 1)
  assert.match(refused.stderr, /cannot be reached.*ECONNREFUSED.*HOLDFAST_DATABASE_URL/)
  assert.ok(!refused.stderr.includes('hunter2'))
})

test('a second service on the same database has an executor id of its own; a copied home has not', async (t) => {
  const fixture = await makeFixture(t, 'shared')
  await fixture.serve()
  const copy = `${fixture.home}-copy`
  execFileSync('cp', ['-a', fixture.home, copy])
  const refused = await runProgram(['serve', '--home', copy], { environment: fixture.environment })
  assert.equal(refused.exitCode, 1)
  assert.match(refused.stderr, /Another Holdfast service runs with the executor id/)

  // A database of another installation is a mistake; nothing there is changed.
  const foreign = await makeTestDatabase()
  t.after(() => foreign.drop())
  const { pool } = foreign.database
  await pool.query(`insert into installation (id, master_key_fingerprint)
    values ('11111111-1111-4111-8111-111111111111', 'theirs')`)
  const mistaken = await runProgram(['serve', '--home', copy, '--database-url', foreign.url], {
    environment: fixture.environment,
  })
  assert.equal(mistaken.exitCode, 1)
  assert.match(mistaken.stderr, /belongs to another Holdfast installation/)
  const { rows } = await pool.query('select master_key_fingerprint as key from installation')
  assert.deepEqual(rows, [{ key: 'theirs' }])

  const other = `${fixture.home}-other`
  const masterKeyFile = join(fixture.home, 'master.key')
  const joined = startProgram(['serve', '--home', other, '--master-key-file', masterKeyFile], {
    environment: fixture.environment,
  })
  await whenReady(joined)
  await untilLogged(joined, /holdfast owner reset/)
  joined.child.kill('SIGTERM')
  assert.equal((await joined.ended).exitCode, 0)
})

test('HTTPS with a certificate and its key', {
  skip: existsSync('/usr/bin/openssl') ? false : 'NOT TESTED: install the package openssl',
}, async (t) => {
  const fixture = await makeFixture(t, 'shared')
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-tls-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const [cert, key] = [join(directory, 'cert.pem'), join(directory, 'key.pem')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
  const kind = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const files = ['-keyout', key, '-out', cert]
  execFileSync('openssl', [...kind, ...files, ...subject], { stdio: 'pipe' })
  const { url } = await fixture.serve({
    environment: { HOLDFAST_TLS_CERT: cert, HOLDFAST_TLS_KEY: key },
  })
  assert.match(url, /^https:/)
  assert.equal(fixture.owner().url, url)
  const status = await new Promise((resolve, reject) => {
    get(`${url}/readyz`, { ca: readFileSync(cert) }, ({ statusCode }) => resolve(statusCode)).on(
      'error',
      reject,
    )
  })
  assert.equal(status, 200)
})

test('a mover runs in the process that starts it, and ends with its exit code', async () => {
  const refused = await runProgram(['mover'], { stdin: '{}\n' })
  assert.equal(refused.exitCode, 1)
  assert.match(refused.stdout, /"invalid-job"/)
  const program = startProgram(['mover'])
  const children = `/proc/${program.child.pid}/task/${program.child.pid}/children`
  const seen = existsSync(children) ? readFileSync(children, 'utf8') : ''
  assert.equal(seen.trim(), '')
  await program.ended
})

async function statusOf(owner: OwnerFile): Promise<number> {
  const answer = await fetch(`${owner.url}/accounts/${owner.accountID}/topology/v1/buckets`, {
    headers: { Authorization: `Bearer ${owner.token}` },
  })
  return answer.status
}

async function untilStatus(url: string, status: number): Promise<void> {
  while ((await fetch(url)).status !== status) await delay(10)
}

async function untilLogged(program: Program, pattern: RegExp): Promise<void> {
  while (!pattern.test(program.stderr())) await delay(10)
}

/** Process ids of all that have something below `directory` among their arguments. */
function processesBelow(directory: string): string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return false
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(directory)
    } catch {
      return false
    }
  })
}
