// Makes a repository, or opens one.
import type { Backend } from './backend/backend.ts'
import type { RandomBytes } from './crypto/random.ts'
import type { MasterKey } from './crypto/sealed-bytes.ts'
import type { RepositoryConfig } from './format/config.ts'
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
export declare function initRepository(
  options: InitRepositoryOptions,
): Promise<InitializedRepository>

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
 * `repository-not-found`, `wrong-password`, `config-corrupt` or `repository-version-unsupported`.
 */
export declare function openRepository(options: OpenRepositoryOptions): Promise<Repository>
