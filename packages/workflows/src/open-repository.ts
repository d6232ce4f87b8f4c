// Opens a repository for a mover: where its objects are, and its keys from under the seal.
import path from 'node:path'
import {
  findBucketPlace,
  findRepository,
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
  const bucket = await findBucketPlace(runtime.database, home.bucketID)
  if (bucket?.localPath === undefined) {
    throw new WorkflowError({
      code: 'bucket-not-supported',
      bucket: bucket?.name ?? home.bucketID,
    })
  }
  return { kind: 'local', path: path.join(bucket.localPath, repository.prefix) }
}
