import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readConfig } from './config.ts'
import type { ServerError } from './server-error.ts'
import { type GivenSettings, SETTINGS } from './settings.ts'

const PLACE = { userHome: '/home/u', workingDirectory: '/work' }

function read(given: GivenSettings) {
  return readConfig({ given, ...PLACE })
}

test('defaults', () => {
  assert.deepEqual(read({ HOLDFAST_LOG_LEVEL: '', HOLDFAST_LISTEN: undefined }), {
    home: '/home/u/.holdfast',
    listen: { host: '127.0.0.1', port: 7400 },
    publicUrl: undefined,
    trustedProxies: [],
    databaseUrl: undefined,
    hostRoot: '/home/u/.holdfast/apps',
    hostClusters: [],
    tls: undefined,
    masterKeyFile: '/home/u/.holdfast/master.key',
    logLevel: 'info',
    metricsToken: undefined,
    mayReachPrivateNetworks: true,
    allowsCommandsAsRoot: false,
    containerAuthErrors: 'oauth',
  })
})

test('what depends on the home follows it, and relative paths start where the program does', () => {
  const config = read({ HOLDFAST_HOME: 'state', HOLDFAST_MASTER_KEY_FILE: '/keys/k' })
  assert.equal(config.home, '/work/state')
  assert.equal(config.hostRoot, '/work/state/apps')
  assert.equal(config.masterKeyFile, '/keys/k')
})

test('further host clusters have names and directories, each once', () => {
  const clusters = (value: string): unknown => read({ HOLDFAST_HOST_CLUSTERS: value }).hostClusters
  assert.deepEqual(clusters('media=/srv/media, db-2=data,'), [
    { name: 'media', root: '/srv/media' },
    { name: 'db-2', root: '/work/data' },
  ])
  for (const wrong of ['/srv/media', 'Media=/srv', '=/srv', 'media=', 'a=/x,a=/y', 'a=/x,b=/x']) {
    assert.equal(problemsOf({ HOLDFAST_HOST_CLUSTERS: wrong }).length, 1, wrong)
  }
})

test('whether private networks may be reached', () => {
  const read = (value: string) => problemsOf({ HOLDFAST_PRIVATE_TARGETS: value })
  assert.deepEqual(read('allow'), [])
  assert.deepEqual(read('Refuse'), [])
  assert.equal(read('perhaps').length, 1)
  const config = readConfig({ given: { HOLDFAST_PRIVATE_TARGETS: 'refuse' }, ...PLACE })
  assert.equal(config.mayReachPrivateNetworks, false)
})

test('hooks run as root only when that is said', () => {
  const isAllowed = (value: string) =>
    read({ HOLDFAST_COMMANDS_AS_ROOT: value }).allowsCommandsAsRoot
  assert.equal(isAllowed('allow'), true)
  assert.equal(isAllowed('refuse'), false)
  assert.equal(problemsOf({ HOLDFAST_COMMANDS_AS_ROOT: 'yes' }).length, 1)
})

test('callers who are not known are answered as OAuth does it, or as all others', () => {
  const formOf = (value: string) =>
    read({ HOLDFAST_CONTAINER_AUTH_ERRORS: value }).containerAuthErrors
  assert.equal(formOf('OAuth'), 'oauth')
  assert.equal(formOf('envelope'), 'envelope')
  assert.equal(problemsOf({ HOLDFAST_CONTAINER_AUTH_ERRORS: 'problem' }).length, 1)
})

test('the token of a monitoring system is long, and not repeated when it is not', () => {
  const token = 'correct-horse-battery-staple'
  const config = readConfig({ given: { HOLDFAST_METRICS_TOKEN: token }, ...PLACE })
  assert.equal(config.metricsToken, token)
  for (const wrong of ['short', 'a token with spaces in it', 'ünïcode-ünïcode-ünïcode']) {
    const [problem, ...others] = problemsOf({ HOLDFAST_METRICS_TOKEN: wrong })
    assert.deepEqual(others, [])
    assert.ok(problem !== undefined && !problem.includes(wrong))
  }
})

test('addresses', () => {
  const listen = (HOLDFAST_LISTEN: string): unknown => read({ HOLDFAST_LISTEN }).listen
  assert.deepEqual(listen('0.0.0.0:80'), { host: '0.0.0.0', port: 80 })
  assert.deepEqual(listen('[::1]:0'), { host: '::1', port: 0 })
  assert.deepEqual(listen('backup.example:7400'), { host: 'backup.example', port: 7400 })
  assert.deepEqual(listen(':7400'), { host: '0.0.0.0', port: 7400 })
  for (const wrong of ['7400', 'localhost', '::1:7400', 'a:b:1', 'localhost:65536', 'x:-1']) {
    assert.deepEqual(problemsOf({ HOLDFAST_LISTEN: wrong }).length, 1, wrong)
  }
})

test('the public URL and the proxies in front', () => {
  const { publicUrl, trustedProxies } = read({
    HOLDFAST_PUBLIC_URL: 'https://backup.example.org/holdfast/',
    HOLDFAST_TRUSTED_PROXIES: '10.0.0.0/8, 192.0.2.1,2001:db8::/32',
  })
  assert.equal(publicUrl, 'https://backup.example.org/holdfast')
  assert.deepEqual(trustedProxies, ['10.0.0.0/8', '192.0.2.1', '2001:db8::/32'])
  for (const wrong of ['backup.example.org', 'ftp://x', 'https://u:p@x', 'https://x?q']) {
    assert.equal(problemsOf({ HOLDFAST_PUBLIC_URL: wrong }).length, 1, wrong)
  }
  for (const wrong of ['proxy', '10.0.0.0/33', '10.0.0.0/', '::1/129', '1.2.3.4/8/9']) {
    assert.equal(problemsOf({ HOLDFAST_TRUSTED_PROXIES: wrong }).length, 1, wrong)
  }
})

test('every problem is named at once', () => {
  const problems = problemsOf({
    HOLDFAST_LISTEN: 'nowhere',
    HOLDFAST_DATABASE_URL: 'mysql://user:hunter2@host/db',
    HOLDFAST_TLS_CERT: '/missing/cert.pem',
    HOLDFAST_LOG_LEVEL: 'loud',
  })
  assert.deepEqual(
    problems.map((problem) => /HOLDFAST_\w+/.exec(problem)?.[0]),
    ['HOLDFAST_LISTEN', 'HOLDFAST_DATABASE_URL', 'HOLDFAST_TLS_KEY', 'HOLDFAST_LOG_LEVEL'],
  )
  assert.ok(!problems.join().includes('hunter2'), 'a password is not repeated')
})

test('certificate and key are read', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-tls-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const [cert, key] = [join(directory, 'cert.pem'), join(directory, 'key.pem')]
  writeFileSync(cert, 'the certificate')
  assert.match(
    problemsOf({ HOLDFAST_TLS_CERT: cert, HOLDFAST_TLS_KEY: key }).join(),
    /HOLDFAST_TLS_KEY cannot be read: ENOENT/,
  )
  writeFileSync(key, 'the key')
  const { tls } = read({ HOLDFAST_TLS_CERT: cert, HOLDFAST_TLS_KEY: key })
  assert.deepEqual(tls, { cert: 'the certificate', key: 'the key' })
})

test('a database URL names its database', () => {
  assert.equal(problemsOf({ HOLDFAST_DATABASE_URL: 'postgresql://host' }).length, 1)
  const url = 'postgresql://u:p@host:5432/holdfast?sslmode=require'
  assert.equal(read({ HOLDFAST_DATABASE_URL: url }).databaseUrl, url)
})

test('each variable has a flag of the same name', () => {
  for (const { variable, flag } of SETTINGS) {
    assert.equal(variable, `HOLDFAST_${flag.toUpperCase().replaceAll('-', '_')}`)
  }
})

function problemsOf(given: GivenSettings): readonly string[] {
  try {
    read(given)
  } catch (error) {
    const { failure } = error as ServerError
    assert.equal(failure.code, 'invalid-configuration')
    return failure.code === 'invalid-configuration' ? failure.problems : []
  }
  return []
}
