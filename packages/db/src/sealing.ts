// Seals secrets for the database with a key derived from the master key (AES-256-GCM). While keys
// are changed there are several: the newest seals, all of them open.
//
// Format: version (1 byte, 1), key id (8 bytes), nonce (12 bytes), ciphertext, tag (16 bytes).
// The context, which names the column and the row, is authenticated: a sealed value that is moved
// to another row or column does not open.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { DatabaseError } from './database-error.ts'

export interface Sealing {
  /** Fingerprint of the key that seals, 16 hexadecimal digits; says nothing about the key itself. */
  readonly keyID: string
  /** Of all keys that open, that one first. */
  readonly keyIDs: readonly string[]
  /** `context` is `<table>.<column>:<row id>`. */
  seal(plain: string, context: string): Buffer
  /** Fails with `sealed-with-other-key` or `sealed-value-damaged`. */
  unseal(sealed: Uint8Array, context: string): string
}

export const MASTER_KEY_BYTES = 32

const VERSION = 1
const KEY_ID_BYTES = 8
const NONCE_BYTES = 12
const TAG_BYTES = 16
const HEADER_BYTES = 1 + KEY_ID_BYTES + NONCE_BYTES

/** Each key has `MASTER_KEY_BYTES` random bytes. */
export function createSealing(newest: Uint8Array, older: readonly Uint8Array[] = []): Sealing {
  const newestKey = deriveKey(newest)
  const keys = [newestKey, ...older.map(deriveKey)]
  return {
    keyID: newestKey.id.toString('hex'),
    keyIDs: keys.map(({ id }) => id.toString('hex')),
    seal: (plain, context) => seal({ key: newestKey, plain, context }),
    unseal: (sealed, context) => unseal({ keys, sealed: Buffer.from(sealed), context }),
  }
}

interface SealingKey {
  readonly id: Buffer
  readonly secret: Buffer
}

function deriveKey(masterKey: Uint8Array): SealingKey {
  if (masterKey.length !== MASTER_KEY_BYTES) {
    throw new RangeError(`A master key has ${MASTER_KEY_BYTES} bytes, not ${masterKey.length}.`)
  }
  // Two labels: the fingerprint, which is public, must not be part of the key that seals.
  return {
    id: derive(masterKey, 'holdfast master key fingerprint', KEY_ID_BYTES),
    secret: derive(masterKey, 'holdfast sealing key', 32),
  }
}

function derive(masterKey: Uint8Array, label: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', masterKey, '', label, bytes))
}

interface SealInput {
  readonly key: SealingKey
  readonly plain: string
  readonly context: string
}

function seal({ key, plain, context }: SealInput): Buffer {
  // Random nonces are safe for some 2^32 values under one key (NIST SP 800-38D, 8.3): secrets
  // are sealed a few times per repository, never per backup.
  const nonce = randomBytes(NONCE_BYTES)
  const header = Buffer.concat([Buffer.of(VERSION), key.id, nonce])
  const cipher = createCipheriv('aes-256-gcm', key.secret, nonce)
  cipher.setAAD(additionalData(header, context))
  const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
  return Buffer.concat([header, body, cipher.getAuthTag()])
}

interface UnsealInput {
  readonly keys: readonly SealingKey[]
  readonly sealed: Buffer
  readonly context: string
}

function unseal({ keys, sealed, context }: UnsealInput): string {
  if (sealed.length < HEADER_BYTES + TAG_BYTES || sealed[0] !== VERSION) {
    throw new DatabaseError({ code: 'sealed-value-damaged', context })
  }
  const keyID = sealed.subarray(1, 1 + KEY_ID_BYTES)
  const key = keys.find(({ id }) => id.equals(keyID))
  if (key === undefined) {
    throw new DatabaseError({
      code: 'sealed-with-other-key',
      context,
      keyID: keyID.toString('hex'),
    })
  }
  const header = sealed.subarray(0, HEADER_BYTES)
  const decipher = createDecipheriv('aes-256-gcm', key.secret, header.subarray(1 + KEY_ID_BYTES), {
    authTagLength: TAG_BYTES,
  })
  decipher.setAAD(additionalData(header, context))
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
  try {
    const body = sealed.subarray(HEADER_BYTES, -TAG_BYTES)
    return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8')
  } catch (error) {
    throw new DatabaseError({ code: 'sealed-value-damaged', context }, error)
  }
}

function additionalData(header: Buffer, context: string): Buffer {
  return Buffer.concat([header, Buffer.from(context, 'utf8')])
}
