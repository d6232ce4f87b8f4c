import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { failureOf } from '../engine-failure.ts'
import { sha256Hex } from '../format/sha256.ts'
import {
  GOLDEN_CONFIG_JSON,
  GOLDEN_KEY,
  GOLDEN_NONCES,
  sequence,
} from '../testing/golden-vectors.ts'
import { secureRandomBytes } from './random.ts'
import { open, seal } from './sealed-bytes.ts'

const NONCE = sequence(0x01, 16)

test('sealing gives the bytes of the reference', () => {
  assert.equal(
    seal(GOLDEN_KEY, NONCE, Buffer.from('restic')).toString('hex'),
    '0102030405060708090a0b0c0d0e0f103f47bde1e9835453a522d1301b4566bcc7e13f5814d8',
  )
  const empty = seal(GOLDEN_KEY, NONCE, Buffer.alloc(0))
  assert.equal(empty.subarray(16).toString('hex'), '780fa5ddee69a2e897c1fc321f0bf7d6')
  const config = seal(
    GOLDEN_KEY,
    sequence(GOLDEN_NONCES.config, 16),
    Buffer.from(GOLDEN_CONFIG_JSON),
  )
  assert.equal(config.length, 155)
  assert.equal(
    sha256Hex(config),
    '010cb12b1026e3276eba4b0cc4dd08dd18fe1c0d58687179dd0dec4396fe063b',
  )
})

test('what was sealed opens, and nothing else does', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }).filter((n) => n.some((byte) => byte !== 0)),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (plain, nonce, place, change) => {
        const sealed = seal(GOLDEN_KEY, nonce, plain)
        assert.equal(sealed.length, plain.length + 32)
        assert.deepEqual([...open(GOLDEN_KEY, sealed)], [...plain])
        sealed[place % sealed.length]! ^= change
        assert.throws(() => open(GOLDEN_KEY, sealed), isBroken)
      },
    ),
  )
})

test('bytes that are too short or sealed by another key do not open', () => {
  for (const length of [0, 15, 31]) {
    assert.throws(() => open(GOLDEN_KEY, Buffer.alloc(length, 1)), isBroken)
  }
  const other = { ...GOLDEN_KEY, macK: sequence(0x81, 16) }
  assert.throws(() => open(other, seal(GOLDEN_KEY, NONCE, Buffer.from('x'))), isBroken)
})

test('the counter runs over 64 bits', () => {
  const nonce = Buffer.from(`${'00'.repeat(7)}01${'ff'.repeat(8)}`, 'hex')
  const plain = secureRandomBytes(100)
  assert.deepEqual(open(GOLDEN_KEY, seal(GOLDEN_KEY, nonce, plain)), plain)
})

test('a broken random source is refused', () => {
  assert.throws(() => seal(GOLDEN_KEY, Buffer.alloc(16), Buffer.from('x')), /all-zero/)
  assert.throws(() => seal(GOLDEN_KEY, Buffer.alloc(12, 1), Buffer.from('x')), /16 bytes/)
})

function isBroken(error: unknown): boolean {
  return failureOf(error, 'seal-broken') !== undefined
}
