import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Backend } from './backend/backend.ts'
import { secureRandomBytes } from './crypto/random.ts'
import { seal } from './crypto/sealed-bytes.ts'
import { type EngineFailureCode, isEngineError } from './engine-failure.ts'
import {
  initRepository,
  type OpenRepositoryOptions,
  openRepository,
  type RepositoryCredentials,
} from './open-repository.ts'
import { withFaults } from './testing/faulty-backend.ts'
import { GOLDEN_KEY, sequence } from './testing/golden-vectors.ts'
import { memoryBackend } from './testing/memory-backend.ts'
import {
  CHEAP_KDF_PARAMETERS,
  localBackendIn,
  makeThrowawayDirectory,
} from './testing/throwaway-repository.ts'

test('what was made opens with its password and with its key', async () => {
  const backend = memoryBackend()
  const made = await init(backend, { password: 'secret' })
  assert.equal(made.config.version, 2)
  for (const credentials of [{ password: 'secret' }, { key: made.key }]) {
    const repository = await open(backend, credentials)
    assert.deepEqual(repository.config, made.config)
    assert.deepEqual(repository.key, made.key)
    await repository.close()
  }
})

test('a given polynomial is kept, and refused when it is none', async () => {
  const given = await init(memoryBackend(), { polynomial: '3da3358b4dc173' })
  assert.equal(given.config.chunkerPolynomial, '3da3358b4dc173')
  const backend = memoryBackend()
  await assert.rejects(init(backend, { polynomial: '3da3358b4dc171' }), is('polynomial-invalid'))
  assert.equal(backend.objects.size, 0)
})

test('a wrong password, a foreign key and an empty place are told apart', async () => {
  const backend = memoryBackend()
  await init(backend, {})
  await assert.rejects(open(backend, { password: 'other' }), is('wrong-password'))
  await assert.rejects(open(backend, { key: GOLDEN_KEY }), is('config-corrupt'))
  await assert.rejects(open(memoryBackend(), { password: 'x' }), is('repository-not-found'))
  await using directory = await makeThrowawayDirectory()
  const nowhere = localBackendIn(directory.path)
  await assert.rejects(open(nowhere, { password: 'x' }), is('repository-not-found'))
})

test('the key is written first and the config last', async () => {
  const backend = withFaults(memoryBackend(), [])
  await init(backend, {})
  const saved = backend.operations.filter((operation) => operation.startsWith('save'))
  assert.deepEqual(
    saved.map((operation) => operation.slice(0, 'save keys'.length)),
    ['save keys', 'save conf'],
  )
})

test('where something is, nothing is made', async () => {
  const backend = memoryBackend()
  await init(backend, {})
  await assert.rejects(init(backend, {}), is('repository-exists'))
  for (const kind of ['snapshots', 'index', 'data'] as const) {
    const other = memoryBackend()
    await other.save({ kind, name: 'ab'.repeat(32) }, [Buffer.from('x')], undefined)
    await assert.rejects(init(other, {}), is('repository-exists'))
    assert.equal(other.objects.size, 1)
  }
})

test('making a repository is repeated after a crash between key and config', async () => {
  for (const effect of ['before', 'later'] as const) {
    const memory = memoryBackend()
    const fault = { operation: 'save', kind: 'config', effect } as const
    const dying = withFaults(memory, [fault])
    await assert.rejects(init(dying, { password: 'first' }), is('backend-unavailable'))
    dying.assertAllFired()
    if (effect === 'later') {
      await (await open(memory, { password: 'first' })).close()
      continue
    }
    await assert.rejects(init(memory, { password: 'second' }), is('wrong-password'))
    const made = await init(memory, { password: 'first' })
    const keys = [...memory.objects.keys()].filter((name) => name.startsWith('keys/'))
    assert.equal(keys.length, 1)
    const repository = await open(memory, { password: 'first' })
    assert.deepEqual(repository.key, made.key)
    await repository.close()
  }
})

test('of two calls at once the slower one takes its key back', async () => {
  const memory = memoryBackend()
  let isFirst = true
  const overtaken: Backend = {
    ...memory,
    save: async (handle, content, signal) => {
      if (handle.kind === 'keys' && isFirst) {
        isFirst = false
        await init(memory, { password: 'same' })
      }
      await memory.save(handle, content, signal)
    },
  }
  await assert.rejects(init(overtaken, { password: 'same' }), is('repository-exists'))
  const keys = [...memory.objects.keys()].filter((name) => name.startsWith('keys/'))
  assert.equal(keys.length, 1)
  await (await open(memory, { password: 'same' })).close()
})

test('of two keys with one password the one that fits the config opens', async () => {
  const backend = memoryBackend()
  const other = memoryBackend()
  const made = await init(backend, { password: 'same' })
  await init(other, { password: 'same' })
  const mixed = memoryBackend()
  for (const objects of [other.objects, backend.objects]) {
    for (const [name, content] of objects) mixed.objects.set(name, content)
  }
  const repository = await open(mixed, { password: 'same' })
  assert.deepEqual(repository.key, made.key)
  await repository.close()
})

test('a damaged config or key is named', async () => {
  const backend = memoryBackend()
  const made = await init(backend, { password: 'secret' })
  const damaged = (kind: 'config' | 'keys') =>
    withFaults(backend, [{ operation: 'load', kind, effect: 'flip-byte' }])
  await assert.rejects(open(damaged('config'), { key: made.key }), is('config-corrupt'))
  await assert.rejects(open(damaged('config'), { password: 'secret' }), is('config-corrupt'))
  await assert.rejects(open(damaged('keys'), { password: 'secret' }), is('key-corrupt'))
  for (const [json, code] of [
    ['{"version":2}', 'config-corrupt'],
    ['{"version":3,"id":"x"}', 'repository-version-unsupported'],
    [
      `{"version":2,"id":"${'ab'.repeat(32)}","chunker_polynomial":"3da3358b4dc171"}`,
      'config-corrupt',
    ],
  ] as const) {
    backend.objects.set('config/', seal(made.key, sequence(1, 16), Buffer.from(json)))
    await assert.rejects(open(backend, { key: made.key }), is(code), json)
  }
})

interface Making {
  readonly password?: string
  readonly polynomial?: string
}

function init(backend: Backend, { password = 'password', polynomial }: Making) {
  return initRepository({
    backend,
    password,
    polynomial,
    hostname: 'h',
    username: 'u',
    now: Temporal.Instant.from('2026-01-02T03:04:05Z'),
    kdf: CHEAP_KDF_PARAMETERS,
    randomBytes: secureRandomBytes,
    signal: undefined,
  })
}

function open(backend: Backend, credentials: RepositoryCredentials) {
  const options: OpenRepositoryOptions = {
    backend,
    credentials,
    randomBytes: secureRandomBytes,
    workers: 0,
    signal: undefined,
  }
  return openRepository(options)
}

function is(code: EngineFailureCode): (error: unknown) => boolean {
  return (error) => isEngineError(error) && error.failure.code === code
}
