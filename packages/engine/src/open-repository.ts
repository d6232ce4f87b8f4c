// Makes a repository, or opens one.
import type { Backend, ObjectHandle, ObjectKind } from './backend/backend.ts'
import { inlineBlobCodec } from './blob/blob-codec.ts'
import { threadedBlobCodec } from './blob/threaded-blob-codec.ts'
import { generatePolynomial, parsePolynomial } from './chunker/polynomial.ts'
import { encodeKeyFile, type KdfParameters, openKeyFile, SALT_BYTES } from './crypto/key-file.ts'
import { makeMasterKey } from './crypto/master-key.ts'
import type { RandomBytes } from './crypto/random.ts'
import { type MasterKey, NONCE_BYTES, open, sealWithRandomNonce } from './crypto/sealed-bytes.ts'
import { EngineError, failureOf } from './engine-failure.ts'
import { decodeConfig, encodeConfig, type RepositoryConfig } from './format/config.ts'
import type { KeyId } from './format/ids.ts'
import { sha256Hex } from './format/sha256.ts'
import { OpenedRepository } from './opened-repository.ts'
import type { Repository } from './repository.ts'

export interface InitRepositoryOptions {
  readonly backend: Backend
  readonly password: string
  /** Hex text of the chunker polynomial; made when undefined. */
  readonly polynomial: string | undefined
  /** Recorded in the key file, for people. */
  readonly hostname: string
  readonly username: string
  readonly now: Temporal.Instant
  /** Cost of guessing the password; `DEFAULT_KDF_PARAMETERS` for whatever is not a test. */
  readonly kdf: KdfParameters
  readonly randomBytes: RandomBytes
  readonly signal: AbortSignal | undefined
}

export interface InitializedRepository {
  readonly config: RepositoryConfig
  readonly key: MasterKey
}

/**
 * Makes a new repository: key first, config last. A call that died between the two may be repeated
 * with the same password. Fails with `repository-exists`, also when only data without a config is
 * found, and with `wrong-password` when the key that a dead call left has another password.
 */
export async function initRepository(
  options: InitRepositoryOptions,
): Promise<InitializedRepository> {
  const { backend, randomBytes, signal } = options
  if (options.polynomial !== undefined) parsePolynomial(options.polynomial)
  await assertNothingButKeys(backend, signal)
  await backend.create(signal)
  const keyOfDeadCall = await findKeyOfDeadCall(options)
  const key = keyOfDeadCall ?? makeMasterKey(randomBytes)
  if (keyOfDeadCall === undefined) await saveNewKey(options, key)
  const config: RepositoryConfig = {
    version: REPOSITORY_VERSION,
    id: randomBytes(32).toString('hex'),
    chunkerPolynomial: options.polynomial ?? generatePolynomial(randomBytes),
    unknownMembers: {},
  }
  const sealed = sealWithRandomNonce(key, randomBytes, encodeConfig(config))
  await backend.save(CONFIG, [sealed], signal)
  return { config, key }
}

export type RepositoryCredentials = { readonly password: string } | { readonly key: MasterKey }

export interface OpenRepositoryOptions {
  readonly backend: Backend
  readonly credentials: RepositoryCredentials
  readonly randomBytes: RandomBytes
  /** Threads that hash, compress and seal; 0 does all of it in the calling thread. */
  readonly workers: number
  readonly signal: AbortSignal | undefined
}

/**
 * Opens without taking a lock and without loading the index. The caller closes it. Fails with
 * `repository-not-found`, `wrong-password`, `key-corrupt`, `config-corrupt` or
 * `repository-version-unsupported`; a given key that is not the repository's is `config-corrupt`.
 */
export async function openRepository(options: OpenRepositoryOptions): Promise<Repository> {
  const { backend, credentials, randomBytes, workers, signal } = options
  const sealedConfig = await loadSealedConfig(backend, signal)
  const key =
    'key' in credentials
      ? credentials.key
      : await findKey(backend, credentials.password, sealedConfig, signal)
  const config = decodeOpenedConfig(openConfig(key, sealedConfig))
  const codec = workers === 0 ? inlineBlobCodec(key) : threadedBlobCodec({ key, workers })
  return new OpenedRepository({ backend, config, key, codec, randomBytes })
}

const REPOSITORY_VERSION = 2
const CONFIG: ObjectHandle = { kind: 'config', name: '' }
/** As stock restic: each try costs a key derivation. */
const KEYS_TRIED_MAX = 20

/** A key alone may be what a call left that died; anything else is somebody's data. */
async function assertNothingButKeys(
  backend: Backend,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const found of ['config', 'snapshots', 'index', 'data'] as const) {
    if (await hasAny(backend, found, signal)) {
      throw new EngineError({ code: 'repository-exists', url: backend.url, found })
    }
  }
}

async function hasAny(
  backend: Backend,
  kind: ObjectKind,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    for await (const _ of backend.list(kind, signal)) return true
    return false
  } catch (error) {
    if (failureOf(error, 'repository-not-found') !== undefined) return false
    throw error
  }
}

async function findKeyOfDeadCall({
  backend,
  password,
  signal,
}: InitRepositoryOptions): Promise<MasterKey | undefined> {
  let hasKeys = false
  for await (const { name } of backend.list('keys', signal)) {
    hasKeys = true
    const key = await openKey(backend, name as KeyId, password, signal)
    if (key !== undefined) return key
  }
  if (hasKeys) throw new EngineError({ code: 'wrong-password' })
  return undefined
}

async function saveNewKey(options: InitRepositoryOptions, key: MasterKey): Promise<void> {
  const { backend, password, kdf, now, username, hostname, randomBytes, signal } = options
  const salt = randomBytes(SALT_BYTES)
  const nonce = randomBytes(NONCE_BYTES)
  const file = { key, password, kdf, salt, nonce, created: now, username, hostname }
  const content = await encodeKeyFile(file)
  const handle = { kind: 'keys', name: sha256Hex(content) } as const
  await backend.save(handle, [content], signal)
  if (!(await hasAny(backend, 'config', signal))) return
  // Another call was faster. A key that opens with the password and does not fit the config would
  // keep stock restic from opening the repository.
  await backend.remove(handle, signal)
  throw new EngineError({ code: 'repository-exists', url: backend.url, found: 'config' })
}

async function loadSealedConfig(
  backend: Backend,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  try {
    return await backend.load(CONFIG, undefined, signal)
  } catch (error) {
    if (failureOf(error, 'object-not-found') === undefined) throw error
    throw new EngineError({ code: 'repository-not-found', url: backend.url }, { cause: error })
  }
}

/** The first key that opens with the password and fits the config. */
async function findKey(
  backend: Backend,
  password: string,
  sealedConfig: Buffer,
  signal: AbortSignal | undefined,
): Promise<MasterKey> {
  let tried = 0
  let opened: MasterKey | undefined
  for await (const { name } of backend.list('keys', signal)) {
    if (tried === KEYS_TRIED_MAX) break
    tried += 1
    const key = await openKey(backend, name as KeyId, password, signal)
    if (key === undefined) continue
    if (typeof openConfig(key, sealedConfig) !== 'string') return key
    opened = key
  }
  if (opened === undefined) throw new EngineError({ code: 'wrong-password' })
  return opened
}

/** Undefined when the password is not this key's, or the key was removed meanwhile. */
async function openKey(
  backend: Backend,
  keyId: KeyId,
  password: string,
  signal: AbortSignal | undefined,
): Promise<MasterKey | undefined> {
  try {
    const content = await backend.load({ kind: 'keys', name: keyId }, undefined, signal)
    if (sha256Hex(content) !== keyId) {
      const reason = 'its content does not match its name'
      throw new EngineError({ code: 'key-corrupt', keyId, reason })
    }
    return await openKeyFile(keyId, content, password)
  } catch (error) {
    if (failureOf(error, 'wrong-password') !== undefined) return undefined
    if (failureOf(error, 'object-not-found') !== undefined) return undefined
    throw error
  }
}

function openConfig(key: MasterKey, sealedConfig: Buffer): Buffer | string {
  try {
    return open(key, sealedConfig)
  } catch (error) {
    if (failureOf(error, 'seal-broken') === undefined) throw error
    return 'its authentication code does not match: it is damaged or belongs to another key'
  }
}

function decodeOpenedConfig(plain: Buffer | string): RepositoryConfig {
  if (typeof plain === 'string') throw new EngineError({ code: 'config-corrupt', reason: plain })
  assertKnownVersion(plain)
  let config: RepositoryConfig
  try {
    config = decodeConfig(plain)
    parsePolynomial(config.chunkerPolynomial)
  } catch (error) {
    const failure = failureOf(error, 'format-invalid') ?? failureOf(error, 'polynomial-invalid')
    if (failure === undefined) throw error
    throw new EngineError({ code: 'config-corrupt', reason: failure.reason }, { cause: error })
  }
  return config
}

/** A newer version is a sound repository that this program is too old for. */
function assertKnownVersion(plain: Buffer): void {
  const version = /"version":\s*(\d+)/.exec(plain.toString('utf8'))?.[1]
  if (version === undefined || Number(version) <= REPOSITORY_VERSION) return
  throw new EngineError({ code: 'repository-version-unsupported', version: Number(version) })
}
