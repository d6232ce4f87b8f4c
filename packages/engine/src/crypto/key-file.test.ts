import assert from 'node:assert/strict'
import { scryptSync } from 'node:crypto'
import { test } from 'node:test'
import { failureOf } from '../engine-failure.ts'
import type { KeyId } from '../format/ids.ts'
import { GOLDEN_KEY, GOLDEN_NONCES, GOLDEN_PASSWORD, sequence } from '../testing/golden-vectors.ts'
import { encodeKeyFile, openKeyFile } from './key-file.ts'
import { decodeMasterKey, encodeMasterKey } from './master-key.ts'
import { open } from './sealed-bytes.ts'

const KEY_ID = '485f113117e4094ca75ef0b13e800c35f9430e17abb46e195eb95c6051c8ea2a' as KeyId

const GOLDEN_DATA =
  'a0a1a2a3a4a5a6a7a8a9aaabacadaeaf02d33a9d59a7571f80aaa409d1f32cd1bef07aeff0b77a20182a17e850271dbe' +
  '0655551ab2ce034b1b1b43e1c32a3aca5cfeae85fe827be52b59029e6a67cbb69b5e30b2e5d922e71b07fb28b82efcc8' +
  'bb0443e19775511cbf873de74ab3eb23665309f143d458ba147c3c358edefcf200589eff65c4f48731f5c00dee9dd3ea' +
  '2c93fb5d1e569938aa183f4a27d5b1b4'

const FILE = {
  key: GOLDEN_KEY,
  password: GOLDEN_PASSWORD,
  kdf: { N: 1024, r: 8, p: 1 },
  salt: sequence(0, 64),
  nonce: sequence(GOLDEN_NONCES.key, 16),
  created: Temporal.Instant.from('2024-01-02T03:04:05.6789Z'),
  username: 'u',
  hostname: 'h',
}

test('a key file is that of the reference', async () => {
  const file = JSON.parse((await encodeKeyFile(FILE)).toString())
  assert.deepEqual(Object.keys(file), [
    'created',
    'username',
    'hostname',
    'kdf',
    'N',
    'r',
    'p',
    'salt',
    'data',
  ])
  assert.equal(file.created, '2024-01-02T03:04:05.6789Z')
  assert.equal(file.salt, sequence(0, 64).toString('base64'))
  assert.equal(Buffer.from(file.data, 'base64').toString('hex'), GOLDEN_DATA)
})

test('the sealed part is the master key as stock restic writes it', () => {
  const raw = scryptSync(GOLDEN_PASSWORD, sequence(0, 64), 64, { N: 1024, r: 8, p: 1 })
  assert.ok(raw.toString('hex').startsWith('6488545c9572531d313300fd121cca91'))
  const userKey = {
    encrypt: raw.subarray(0, 32),
    macK: raw.subarray(32, 48),
    macR: raw.subarray(48),
  }
  assert.equal(
    open(userKey, Buffer.from(GOLDEN_DATA, 'hex')).toString(),
    '{"mac":{"k":"gIGCg4SFhoeIiYqLjI2Ojw==","r":"8PHy8/T19vf4+fr7/P3+/w=="},"encrypt":"QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8="}',
  )
})

test('a password opens its key file and no other does', async () => {
  const bytes = await encodeKeyFile({ ...FILE, password: 'pässword' })
  assert.deepEqual(await openKeyFile(KEY_ID, bytes, 'pässword'), GOLDEN_KEY)
  await assert.rejects(
    openKeyFile(KEY_ID, bytes, 'password'),
    (error) => failureOf(error, 'wrong-password') !== undefined,
  )
})

test('the cost that stock restic chooses fits the memory that is allowed', async () => {
  const bytes = await encodeKeyFile({ ...FILE, kdf: { N: 32_768, r: 8, p: 1 } })
  assert.deepEqual(await openKeyFile(KEY_ID, bytes, GOLDEN_PASSWORD), GOLDEN_KEY)
})

test('what is no key file is named, not taken for a wrong password', async () => {
  const good = JSON.parse((await encodeKeyFile(FILE)).toString())
  const damaged = [
    'not JSON',
    'null',
    ...[
      { kdf: 'argon2' },
      { N: 1000 },
      { N: 2 ** 30 },
      { r: 0 },
      { p: 1.5 },
      { salt: 'AAAA' },
      { salt: 7 },
      { data: 'AAAA' },
      { data: undefined },
    ].map((change) => JSON.stringify({ ...good, ...change })),
  ]
  for (const text of damaged) {
    await assert.rejects(
      openKeyFile(KEY_ID, Buffer.from(text), GOLDEN_PASSWORD),
      (error) => failureOf(error, 'key-corrupt')?.keyId === KEY_ID,
      text,
    )
  }
})

test('a master key survives as text, and only whole', () => {
  const text = encodeMasterKey(GOLDEN_KEY)
  assert.deepEqual(decodeMasterKey(text), GOLDEN_KEY)
  assert.equal(decodeMasterKey({ ...text, macK: text.encrypt }), undefined)
  assert.equal(decodeMasterKey({ ...text, encrypt: '%%' }), undefined)
})
