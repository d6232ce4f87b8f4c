// Key files: the master key, sealed with a key made from a password (format, section 1.4).
import { scrypt } from 'node:crypto'
import { EngineError, failureOf } from '../engine-failure.ts'
import type { KeyId } from '../format/ids.ts'
import { base64, decodeBase64, decodeMasterKey } from './master-key.ts'
import { type MasterKey, open, SEAL_OVERHEAD_BYTES, seal } from './sealed-bytes.ts'

/** Cost of scrypt: time and memory grow with N * r, time also with p. */
export interface KdfParameters {
  readonly N: number
  readonly r: number
  readonly p: number
}

/** What stock restic arrives at when it calibrates for half a second and 60 MiB. */
export const DEFAULT_KDF_PARAMETERS: KdfParameters = { N: 32_768, r: 8, p: 5 }

export const SALT_BYTES = 64

/** A key file that asks for more is hostile or damaged: stock restic stays below 64 MiB. */
const KDF_MEMORY_BYTES_MAX = 256 * 1024 * 1024

export interface NewKeyFile {
  readonly key: MasterKey
  readonly password: string
  readonly kdf: KdfParameters
  /** 64 random bytes. */
  readonly salt: Uint8Array
  /** 16 random bytes. */
  readonly nonce: Uint8Array
  readonly created: Temporal.Instant
  readonly username: string
  readonly hostname: string
}

export async function encodeKeyFile(file: NewKeyFile): Promise<Buffer> {
  const userKey = await deriveUserKey(file.password, file.salt, file.kdf)
  const data = seal(userKey, file.nonce, encodeMasterJson(file.key))
  const members = {
    created: file.created.toString(),
    username: file.username,
    hostname: file.hostname,
    kdf: 'scrypt',
    N: file.kdf.N,
    r: file.kdf.r,
    p: file.kdf.p,
    salt: base64(file.salt),
    data: base64(data),
  }
  return Buffer.from(JSON.stringify(members))
}

/** Fails with `wrong-password`, or with `key-corrupt` when no password could open it. */
export async function openKeyFile(
  keyId: KeyId,
  bytes: Uint8Array,
  password: string,
): Promise<MasterKey> {
  const file = parseKeyFile(keyId, bytes)
  const userKey = await deriveUserKey(password, file.salt, file.kdf)
  return parseMasterJson(keyId, openSealedKey(userKey, file.data))
}

function parseKeyFile(keyId: KeyId, bytes: Uint8Array) {
  const members = parseJsonObject(keyId, bytes)
  const { N, r, p } = members
  if (members.kdf !== 'scrypt') failKey(keyId, `unknown key derivation ${String(members.kdf)}`)
  if (!isCount(N) || !isCount(r) || !isCount(p) || N < 2 || !Number.isInteger(Math.log2(N))) {
    failKey(keyId, 'the scrypt parameters are not valid')
  }
  if (128 * N * r > KDF_MEMORY_BYTES_MAX || p > 1024) {
    failKey(keyId, 'the scrypt parameters ask for too much memory or time')
  }
  const salt = decodeBase64(members.salt, SALT_BYTES)
  if (salt === undefined) failKey(keyId, `the salt is not base64 of ${SALT_BYTES} bytes`)
  if (typeof members.data !== 'string') failKey(keyId, 'data is missing')
  const data = Buffer.from(members.data, 'base64')
  if (data.length < SEAL_OVERHEAD_BYTES) failKey(keyId, 'data is too short')
  return { kdf: { N, r, p }, salt, data }
}

function deriveUserKey(
  password: string,
  salt: Uint8Array,
  { N, r, p }: KdfParameters,
): Promise<MasterKey> {
  // Node's default of 32 MiB refuses what stock restic writes.
  const maxmem = 128 * N * r + 128 * r * p + 1024 * 1024
  return new Promise((resolve, reject) => {
    scrypt(Buffer.from(password, 'utf8'), salt, 64, { N, r, p, maxmem }, (error, raw) => {
      if (error !== null) return reject(error)
      resolve({
        encrypt: raw.subarray(0, 32),
        macK: raw.subarray(32, 48),
        macR: raw.subarray(48, 64),
      })
    })
  })
}

function openSealedKey(userKey: MasterKey, data: Uint8Array): Buffer {
  try {
    return open(userKey, data)
  } catch (error) {
    if (failureOf(error, 'seal-broken') === undefined) throw error
    throw new EngineError({ code: 'wrong-password' }, { cause: error })
  }
}

function encodeMasterJson(key: MasterKey): Buffer {
  return Buffer.from(
    JSON.stringify({
      mac: { k: base64(key.macK), r: base64(key.macR) },
      encrypt: base64(key.encrypt),
    }),
  )
}

function parseMasterJson(keyId: KeyId, plain: Uint8Array): MasterKey {
  const members = parseJsonObject(keyId, plain)
  const mac = members.mac as { readonly k?: unknown; readonly r?: unknown } | null | undefined
  const key = decodeMasterKey({
    encrypt: String(members.encrypt),
    macK: String(mac?.k),
    macR: String(mac?.r),
  })
  if (key === undefined) failKey(keyId, 'the master key in it has the wrong shape')
  return key
}

function parseJsonObject(keyId: KeyId, bytes: Uint8Array): { readonly [member: string]: unknown } {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    failKey(keyId, 'not JSON')
  }
  if (typeof value !== 'object' || value === null) failKey(keyId, 'not a JSON object')
  return value as { readonly [member: string]: unknown }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0
}

function failKey(keyId: KeyId, reason: string): never {
  throw new EngineError({ code: 'key-corrupt', keyId, reason })
}
