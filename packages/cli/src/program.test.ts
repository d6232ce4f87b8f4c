// The program from outside: launcher, configuration errors, signals, what the owner is given.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { get } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  makeProgramFixture,
  processesBelow,
  statusOf,
  untilLogged,
  whenReady,
} from './testing/program-fixture.ts'
import { runProgram, startProgram, startWithNpm } from './testing/run-program.ts'

const OLD_NODE = '/usr/bin/node'

test('started by the old Node of the system, with signals as npm and a terminal send them', {
  skip: existsSync(OLD_NODE) ? false : `NOT TESTED: ${OLD_NODE} is missing`,
}, async (t) => {
  const fixture = await makeProgramFixture(t, 'shared')
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
  const fixture = await makeProgramFixture(t, 'shared')
  const program = startWithNpm({ environment: fixture.environment })
  const url = await whenReady(program)
  program.child.kill('SIGTERM')
  program.child.kill('SIGTERM')
  assert.deepEqual(await program.ended, { exitCode: 0, signal: null })
  await assert.rejects(fetch(url))
})

test('owner.json is closed to others, its token works, its URL is that of this start', async (t) => {
  const fixture = await makeProgramFixture(t, 'shared')
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
  const fixture = await makeProgramFixture(t, 'embedded')
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

test('a configuration that is wrong is refused with every problem, and nothing is made', async (t) => {
  const fixture = await makeProgramFixture(t, 'shared')
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
  const fixture = await makeProgramFixture(t, 'shared')
  const refused = await runProgram(['serve', '--host-root', '/nowhere/at/all'], {
    environment: fixture.environment,
  })
  assert.equal(refused.exitCode, 1)
  assert.match(refused.stderr, /host root \/nowhere\/at\/all.*HOLDFAST_HOST_ROOT/)
})

test('a database that does not answer is named, without its password', async (t) => {
  const fixture = await makeProgramFixture(t, 'shared')
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

test('HTTPS with a certificate and its key', {
  skip: existsSync('/usr/bin/openssl') ? false : 'NOT TESTED: install the package openssl',
}, async (t) => {
  const fixture = await makeProgramFixture(t, 'shared')
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
