// Sealed bytes: AES-256-CTR with Poly1305-AES (repository format, section 1.5).
//
// | nonce 16 | ciphertext | MAC 16 |
import { type Cipheriv, createCipheriv, createDecipheriv, timingSafeEqual } from 'node:crypto'
import sodium from 'sodium-native'
import { EngineError } from '../engine-failure.ts'
import { releaseMemory } from '../release-memory.ts'
import type { RandomBytes } from './random.ts'

export const NONCE_BYTES = 16
export const MAC_BYTES = 16
export const SEAL_OVERHEAD_BYTES = NONCE_BYTES + MAC_BYTES

export interface MasterKey {
  /** 32 bytes */
  readonly encrypt: Uint8Array
  /** 16 bytes */
  readonly macK: Uint8Array
  /** 16 bytes; never compare it: releases differ in whether it is stored clamped. */
  readonly macR: Uint8Array
}

/**
 * Seals `plain` under a nonce of 16 bytes that is never used again with this key. An all-zero
 * nonce is refused, as stock restic does: it is what a broken random source gives.
 */
export function seal(key: MasterKey, nonce: Uint8Array, plain: Uint8Array): Buffer<ArrayBuffer> {
  if (nonce.length !== NONCE_BYTES) throw new TypeError('a nonce has 16 bytes')
  if (isAllZero(nonce)) throw new TypeError('an all-zero nonce means a broken random source')
  const sealed = allocate(plain.length + SEAL_OVERHEAD_BYTES)
  sealed.set(nonce, 0)
  const cipher = createCipheriv('aes-256-ctr', key.encrypt, nonce)
  const ciphertext = cipher.update(plain)
  cipher.final()
  sealed.set(ciphertext, NONCE_BYTES)
  releaseMemory(ciphertext)
  const macAt = NONCE_BYTES + plain.length
  authenticate(key, nonce, sealed.subarray(NONCE_BYTES, macAt), sealed.subarray(macAt))
  return sealed
}

export function sealWithRandomNonce(
  key: MasterKey,
  randomBytes: RandomBytes,
  plain: Uint8Array,
): Buffer<ArrayBuffer> {
  return seal(key, randomBytes(NONCE_BYTES), plain)
}

/** Verifies first, in constant time, and only then decrypts. Fails with `seal-broken`. */
export function open(key: MasterKey, sealed: Uint8Array): Buffer<ArrayBuffer> {
  if (sealed.length < SEAL_OVERHEAD_BYTES) failSeal(sealed)
  const nonce = sealed.subarray(0, NONCE_BYTES)
  const macAt = sealed.length - MAC_BYTES
  const ciphertext = sealed.subarray(NONCE_BYTES, macAt)
  const expected = Buffer.alloc(MAC_BYTES)
  authenticate(key, nonce, ciphertext, expected)
  if (!timingSafeEqual(expected, sealed.subarray(macAt)) || isAllZero(nonce)) failSeal(sealed)
  const decipher = createDecipheriv('aes-256-ctr', key.encrypt, nonce)
  const plain = decipher.update(ciphertext)
  decipher.final()
  return plain
}

/** Large ones stand alone, so that they can be handed to another thread; small ones share. */
function allocate(length: number): Buffer<ArrayBuffer> {
  return length < POOLED_BYTES_MAX ? Buffer.allocUnsafe(length) : Buffer.allocUnsafeSlow(length)
}

const POOLED_BYTES_MAX = 4 * 1024

function authenticate(
  key: MasterKey,
  nonce: Uint8Array,
  ciphertext: Uint8Array,
  mac: Uint8Array,
): void {
  // The one-time key is r, then s; crypto_onetimeauth clamps r itself.
  const oneTimeKey = Buffer.concat([key.macR, nonceCipherOf(key).update(nonce)])
  sodium.crypto_onetimeauth(mac, ciphertext, oneTimeKey)
}

/** Whole blocks in ECB leave no state behind: one cipher serves for all nonces of a key. */
const NONCE_CIPHERS = new WeakMap<MasterKey, Cipheriv>()

function nonceCipherOf(key: MasterKey): Cipheriv {
  const known = NONCE_CIPHERS.get(key)
  if (known !== undefined) return known
  const cipher = createCipheriv('aes-128-ecb', key.macK, null)
  NONCE_CIPHERS.set(key, cipher)
  return cipher
}

function isAllZero(nonce: Uint8Array): boolean {
  return nonce.every((byte) => byte === 0)
}

function failSeal(sealed: Uint8Array): never {
  throw new EngineError({ code: 'seal-broken', sealedBytes: sealed.length })
}
