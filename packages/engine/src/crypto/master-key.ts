// The master key as text: in key files, and where callers keep keys to open without a password.

import type { RandomBytes } from './random.ts'
import type { MasterKey } from './sealed-bytes.ts'

/** Base64, as in restic's key file. A secret. */
export interface MasterKeyText {
  readonly encrypt: string
  readonly macK: string
  readonly macR: string
}

export function makeMasterKey(randomBytes: RandomBytes): MasterKey {
  return { encrypt: randomBytes(32), macK: randomBytes(16), macR: randomBytes(16) }
}

export function encodeMasterKey(key: MasterKey): MasterKeyText {
  return { encrypt: base64(key.encrypt), macK: base64(key.macK), macR: base64(key.macR) }
}

/** Answers undefined when a part is not base64 of the right length. */
export function decodeMasterKey(text: MasterKeyText): MasterKey | undefined {
  const encrypt = decodeBase64(text.encrypt, 32)
  const macK = decodeBase64(text.macK, 16)
  const macR = decodeBase64(text.macR, 16)
  if (encrypt === undefined || macK === undefined || macR === undefined) return undefined
  return { encrypt, macK, macR }
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}

/** Answers undefined unless `text` is padded base64 of exactly `length` bytes. */
export function decodeBase64(text: unknown, length: number): Uint8Array | undefined {
  if (typeof text !== 'string') return undefined
  const bytes = Buffer.from(text, 'base64')
  return bytes.length === length && bytes.toString('base64') === text ? bytes : undefined
}
