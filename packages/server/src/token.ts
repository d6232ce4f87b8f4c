// Makes bearer tokens.
import { randomBytes } from 'node:crypto'

const TOKEN_BYTES = 32

/** 256 random bits: nothing to guess, so one round of hashing protects it. */
export function makeToken(): string {
  return randomBytes(TOKEN_BYTES).toString('base64url')
}
