// What every backend must do: each implementation and each wrapper that changes nothing passes it.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Backend, ListedObject, ObjectKind } from '../backend/backend.ts'
import { failureOf } from '../engine-failure.ts'
import { sha256Hex } from '../format/sha256.ts'

export interface BackendUnderTest {
  /** Created, and empty. */
  readonly backend: Backend
  dispose(): Promise<void>
}

export function describeBackend(name: string, make: () => Promise<BackendUnderTest>): void {
  const check = (what: string, body: (backend: Backend) => Promise<void>): void => {
    test(what, async () => {
      const { backend, dispose } = await make()
      try {
        await body(backend)
      } finally {
        await dispose()
      }
    })
  }
  describe(`${name} keeps the contract of backends`, () => {
    for (const kind of ['keys', 'data', 'index', 'snapshots', 'locks'] as const) {
      check(`objects of ${kind} are found, read and removed`, (backend) =>
        findReadRemove(backend, kind),
      )
    }
    check('config is found, read and removed', findReadRemoveConfig)
    check('content in many parts comes back as one', manyParts)
    check('an empty object is an object', emptyObject)
    check('ranges are exact, and what ends too early is named', ranges)
    check('saving the same object again is harmless', savingAgain)
    check('what is missing is named', missing)
    check('kinds and shards do not mix', kindsAreSeparate)
    check('create may be repeated', (backend) => backend.create(undefined))
    check('an aborted operation does nothing', aborted)
    check('there are no leftovers of what went well', noLeftovers)
  })
}

const HELLO = Buffer.from('hello backend')
const OTHER = Buffer.from('another object')

async function findReadRemove(backend: Backend, kind: ObjectKind): Promise<void> {
  const handle = { kind, name: sha256Hex(HELLO) }
  await backend.save(handle, [HELLO], undefined)
  assert.deepEqual(await listAll(backend, kind), [{ name: handle.name, sizeBytes: HELLO.length }])
  assert.deepEqual(await backend.load(handle, undefined, undefined), HELLO)
  const expected = { name: handle.name, sizeBytes: HELLO.length }
  assert.deepEqual(await backend.stat(handle, undefined), expected)
  await backend.remove(handle, undefined)
  assert.deepEqual(await listAll(backend, kind), [])
}

async function findReadRemoveConfig(backend: Backend): Promise<void> {
  const handle = { kind: 'config', name: '' } as const
  assert.deepEqual(await listAll(backend, 'config'), [])
  await backend.save(handle, [HELLO], undefined)
  assert.deepEqual(await listAll(backend, 'config'), [{ name: '', sizeBytes: HELLO.length }])
  await backend.save(handle, [OTHER], undefined)
  assert.deepEqual(await backend.load(handle, undefined, undefined), OTHER)
  await backend.remove(handle, undefined)
  assert.deepEqual(await listAll(backend, 'config'), [])
}

async function manyParts(backend: Backend): Promise<void> {
  const parts = Array.from({ length: 3_000 }, (_, n) => Buffer.alloc(n % 7, n))
  const whole = Buffer.concat(parts)
  const handle = { kind: 'data', name: sha256Hex(whole) } as const
  await backend.save(handle, parts, undefined)
  assert.deepEqual(await backend.load(handle, undefined, undefined), whole)
}

async function emptyObject(backend: Backend): Promise<void> {
  const handle = { kind: 'locks', name: sha256Hex(Buffer.alloc(0)) } as const
  await backend.save(handle, [], undefined)
  assert.deepEqual(await listAll(backend, 'locks'), [{ name: handle.name, sizeBytes: 0 }])
  assert.equal((await backend.load(handle, undefined, undefined)).length, 0)
}

async function ranges(backend: Backend): Promise<void> {
  const handle = { kind: 'data', name: sha256Hex(HELLO) } as const
  await backend.save(handle, [HELLO], undefined)
  const part = await backend.load(handle, { offset: 6, length: 7 }, undefined)
  assert.equal(part.toString(), 'backend')
  assert.equal((await backend.load(handle, { offset: 13, length: 0 }, undefined)).length, 0)
  for (const range of [
    { offset: 6, length: 8 },
    { offset: 100, length: 1 },
  ]) {
    await assert.rejects(backend.load(handle, range, undefined), (error) => {
      const failure = failureOf(error, 'object-truncated')
      return failure?.name === handle.name && failure.expectedBytes === range.length
    })
  }
}

async function savingAgain(backend: Backend): Promise<void> {
  const handle = { kind: 'index', name: sha256Hex(HELLO) } as const
  await backend.save(handle, [HELLO], undefined)
  await backend.save(handle, [HELLO], undefined)
  assert.deepEqual(await backend.load(handle, undefined, undefined), HELLO)
  assert.equal((await listAll(backend, 'index')).length, 1)
}

async function missing(backend: Backend): Promise<void> {
  const handle = { kind: 'snapshots', name: sha256Hex(OTHER) } as const
  const isMissing = (error: unknown): boolean =>
    failureOf(error, 'object-not-found')?.name === handle.name
  await assert.rejects(backend.load(handle, undefined, undefined), isMissing)
  await assert.rejects(backend.stat(handle, undefined), isMissing)
  await assert.rejects(backend.remove(handle, undefined), isMissing)
}

async function kindsAreSeparate(backend: Backend): Promise<void> {
  const names = ['a', 'b', 'c'].map((text) => sha256Hex(Buffer.from(text)))
  for (const name of names) await backend.save({ kind: 'data', name }, [HELLO], undefined)
  await backend.save({ kind: 'index', name: names[0]! }, [OTHER], undefined)
  const listed = (await listAll(backend, 'data')).map(({ name }) => name)
  assert.deepEqual(listed.sort(), names.toSorted())
  assert.equal((await listAll(backend, 'index')).length, 1)
  await backend.remove({ kind: 'index', name: names[0]! }, undefined)
  assert.equal((await listAll(backend, 'data')).length, 3)
}

async function aborted(backend: Backend): Promise<void> {
  const handle = { kind: 'data', name: sha256Hex(HELLO) } as const
  const reason = new Error('no more')
  const signal = AbortSignal.abort(reason)
  await assert.rejects(backend.save(handle, [HELLO], signal), reason)
  assert.deepEqual(await listAll(backend, 'data'), [])
  await backend.save(handle, [HELLO], undefined)
  await assert.rejects(backend.load(handle, undefined, signal), reason)
  await assert.rejects(backend.remove(handle, signal), reason)
  assert.equal((await listAll(backend, 'data')).length, 1)
}

async function noLeftovers(backend: Backend): Promise<void> {
  const handle = { kind: 'data', name: sha256Hex(HELLO) } as const
  await backend.save(handle, [HELLO], undefined)
  assert.equal(await backend.removeLeftovers(undefined), 0)
  assert.deepEqual(await backend.load(handle, undefined, undefined), HELLO)
}

async function listAll(backend: Backend, kind: ObjectKind): Promise<ListedObject[]> {
  return await Array.fromAsync(backend.list(kind, undefined))
}
