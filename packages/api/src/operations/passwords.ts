// Passwords of local users: hashed with Argon2id, kept as PHC strings, so that parameters can rise
// while older hashes still open.
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'

/**
 * One of OWASP's recommendations of equal strength: 12 MiB, three passes, one lane; some 25 ms of
 * one processor. Each of Node's four worker threads keeps the memory of its largest hash for the
 * next one: measured in a bare process, 19 MiB and two passes keep 42 MiB more than this.
 */
const PARAMETERS = { memory: 12_288, passes: 3, parallelism: 1 } as const
const SALT_BYTES = 16
const TAG_BYTES = 32

/** NIST SP 800-63B: at least 8 characters, nothing about their kinds. */
export const PASSWORD_LENGTH_MIN = 8
/** Hashing must not become a way to keep the service busy. */
export const PASSWORD_BYTES_MAX = 1024

/** Why a password is not accepted: the end of a sentence about it. Undefined when it is. */
export function passwordFault(password: string): string | undefined {
  if ([...password].length < PASSWORD_LENGTH_MIN) {
    return `must have at least ${PASSWORD_LENGTH_MIN} characters`
  }
  if (Buffer.byteLength(password) > PASSWORD_BYTES_MAX) {
    return `must have at most ${PASSWORD_BYTES_MAX} bytes`
  }
  return undefined
}

/** `$argon2id$v=19$m=…,t=…,p=…$<salt>$<hash>` */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  const tag = await derive(password, { ...PARAMETERS, salt, tagLength: TAG_BYTES })
  const { memory, passes, parallelism } = PARAMETERS
  const parameters = `m=${memory},t=${passes},p=${parallelism}`
  return `$argon2id$v=19$${parameters}$${withoutPadding(salt)}$${withoutPadding(tag)}`
}

/** In the same time whatever is wrong. False for a hash that is none. */
export async function verifyPassword(password: string, hash: string): Promise<boolean> {
  const match =
    /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/.exec(hash)
  const [, memory, passes, parallelism, salt, tag] = match ?? []
  if (salt === undefined || tag === undefined) return false
  const expected = Buffer.from(tag, 'base64')
  const found = await derive(password, {
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    salt: Buffer.from(salt, 'base64'),
    tagLength: expected.length,
  })
  return timingSafeEqual(found, expected)
}

interface Derivation {
  readonly memory: number
  readonly passes: number
  readonly parallelism: number
  readonly salt: Uint8Array
  readonly tagLength: number
}

function derive(password: string, derivation: Derivation): Promise<Buffer> {
  const { memory, passes, parallelism, salt, tagLength } = derivation
  // The same password may be typed in composed or decomposed characters.
  const message = password.normalize('NFC')
  const parameters = { message, nonce: salt, parallelism, tagLength, memory, passes }
  return new Promise((resolve, reject) => {
    argon2('argon2id', parameters, (error, tag) => (error === null ? resolve(tag) : reject(error)))
  })
}

function withoutPadding(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replaceAll('=', '')
}
