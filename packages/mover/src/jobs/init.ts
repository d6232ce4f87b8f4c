// Makes a repository, or opens the one that is there: the only job that gets a password.
import type { MoverResults } from '@holdfast/domain'
import {
  DEFAULT_KDF_PARAMETERS,
  encodeMasterKey,
  failureOf,
  initRepository,
  type MasterKey,
  openRepository,
} from '@holdfast/engine'
import type { JobContext } from '../job-context.ts'
import { backendOf } from '../open-repository.ts'
import type { JobOf } from './job-of.ts'

export async function runInit(
  job: JobOf<'init'>,
  context: JobContext,
): Promise<MoverResults['init']> {
  const made = await makeRepository(job, context)
  const { config, key } = made ?? (await openExisting(job, context))
  return {
    created: made !== undefined,
    repositoryConfigID: config.id,
    polynomial: config.chunkerPolynomial,
    keys: encodeMasterKey(key),
  }
}

async function makeRepository(job: JobOf<'init'>, context: JobContext) {
  const { randomBytes, signal, clock, process } = context
  try {
    return await initRepository({
      backend: backendOf(context, job.store),
      password: job.password,
      polynomial: job.polynomial,
      hostname: job.lockHostname,
      username: process.username,
      now: clock.now(),
      kdf: DEFAULT_KDF_PARAMETERS,
      randomBytes,
      signal,
    })
  } catch (error) {
    // Data without a config is nothing to be opened: then the failure stands.
    if (failureOf(error, 'repository-exists')?.found !== 'config') throw error
    return undefined
  }
}

async function openExisting(
  job: JobOf<'init'>,
  context: JobContext,
): Promise<{
  readonly config: { readonly id: string; readonly chunkerPolynomial: string }
  readonly key: MasterKey
}> {
  const { randomBytes, signal } = context
  const backend = backendOf(context, job.store)
  const credentials = { password: job.password }
  const repository = await openRepository({
    backend,
    credentials,
    randomBytes,
    workers: 0,
    signal,
  })
  const { config, key } = repository
  await repository.close()
  return { config, key }
}
