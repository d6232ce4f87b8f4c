// Opens a repository for a mover: where its objects are, and its keys from under the seal.
import path from 'node:path'
import {
  findRepository,
  openBucketStore,
  openRepositorySecrets,
  type Repository,
} from '@holdfast/db'
import type { RepositoryAccess, RepositoryId, RepositoryStore } from '@holdfast/domain'
import type { Runtime } from './runtime.ts'
import { WorkflowError } from './workflow-failure.ts'

/** Keys included: for a mover's job, never for a log or a step's output. */
export async function openRepository(runtime: Runtime, id: string): Promise<RepositoryAccess> {
  const { database, sealing } = runtime
  const repository = await findRepository(database, id)
  const secrets = await openRepositorySecrets(database, sealing, id)
  if (repository === undefined || secrets?.keys === undefined) {
    throw new WorkflowError({ code: 'repository-not-found', location: id })
  }
  return {
    id: id as RepositoryId,
    store: await storeOf(runtime, repository),
    keys: secrets.keys,
    lockHostname: runtime.lockHostname,
  }
}

export async function storeOf(runtime: Runtime, repository: Repository): Promise<RepositoryStore> {
  const { home } = repository
  if (home.kind === 'cluster') {
    return { kind: 'local', path: path.join(runtime.snapshotsDirectory, repository.prefix) }
  }
  const { database, sealing, mayReachPrivateNetworks } = runtime
  const { store, refusal } = await openBucketStore(database, sealing, {
    bucketID: home.bucketID,
    prefix: repository.prefix,
    mayReachPrivateNetworks,
    now: runtime.now(),
  })
  if (store !== undefined) return store
  const { bucket, reason } = refusal
  if (refusal.code === 'provider-not-supported') {
    throw new WorkflowError({ code: 'bucket-not-supported', bucket })
  }
  throw new WorkflowError({ code: 'bucket-not-usable', bucket, reason })
}
