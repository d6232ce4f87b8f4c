// A repository for one test.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Backend } from '../backend/backend.ts'
import { localDirectoryBackend } from '../backend/local-directory.ts'
import type { KdfParameters } from '../crypto/key-file.ts'
import { secureRandomBytes } from '../crypto/random.ts'
import type { MasterKey } from '../crypto/sealed-bytes.ts'
import { initRepository, openRepository } from '../open-repository.ts'
import type { Repository } from '../repository.ts'
import { memoryBackend } from './memory-backend.ts'

/** Derives in milliseconds what takes half a second in earnest. */
export const CHEAP_KDF_PARAMETERS: KdfParameters = { N: 1_024, r: 8, p: 1 }

export const THROWAWAY_PASSWORD = 'correct horse battery staple'

/** Of the golden vectors: equal content is cut equally in every test. */
export const THROWAWAY_POLYNOMIAL = '3da3358b4dc173'

export interface ThrowawayRepository extends AsyncDisposable {
  readonly backend: Backend
  readonly key: MasterKey
  /** Opened, with its index loaded, and closed by `dispose`. */
  readonly repository: Repository
  /** One more handle on it, as another process would have; closed by `dispose`. */
  reopen(options?: { readonly backend?: Backend; readonly workers?: number }): Promise<Repository>
  dispose(): Promise<void>
}

export interface ThrowawayRepositoryOptions {
  /** In memory when left out. */
  readonly backend?: Backend
  /** 0 when left out. */
  readonly workers?: number
  readonly polynomial?: string
}

export async function makeThrowawayRepository(
  options: ThrowawayRepositoryOptions = {},
): Promise<ThrowawayRepository> {
  const backend = options.backend ?? memoryBackend()
  const { key } = await initRepository({
    backend,
    password: THROWAWAY_PASSWORD,
    polynomial: options.polynomial ?? THROWAWAY_POLYNOMIAL,
    hostname: 'test',
    username: 'test',
    now: Temporal.Instant.from('2026-01-02T03:04:05Z'),
    kdf: CHEAP_KDF_PARAMETERS,
    randomBytes: secureRandomBytes,
    signal: undefined,
  })
  const opened: Repository[] = []
  const reopen = async (again: { backend?: Backend; workers?: number } = {}) => {
    const repository = await openRepository({
      backend: again.backend ?? backend,
      credentials: { key },
      randomBytes: secureRandomBytes,
      workers: again.workers ?? options.workers ?? 0,
      signal: undefined,
    })
    opened.push(repository)
    await repository.loadIndex(undefined)
    return repository
  }
  const dispose = async (): Promise<void> => {
    for (const repository of opened) await repository.close()
  }
  const repository = await reopen()
  return { backend, key, repository, reopen, dispose, [Symbol.asyncDispose]: dispose }
}

export interface ThrowawayDirectory extends AsyncDisposable {
  readonly path: string
}

/** Ends with `await using`. */
export async function makeThrowawayDirectory(): Promise<ThrowawayDirectory> {
  const path = await mkdtemp(join(tmpdir(), 'holdfast-engine-'))
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  }
}

/** A backend in a directory that does not exist yet. */
export function localBackendIn(directory: string): Backend {
  return localDirectoryBackend({
    path: join(directory, 'repository'),
    randomBytes: secureRandomBytes,
  })
}
