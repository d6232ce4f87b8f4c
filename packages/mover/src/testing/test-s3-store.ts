// Places and repositories in buckets for tests.
import type { RepositoryAccess, RepositoryId, S3Store } from '@holdfast/domain'
import { encodeMasterKey, s3Backend } from '@holdfast/engine'
import { makeThrowawayRepository, type S3Server } from '@holdfast/engine/testing'
import { LOCK_HOSTNAME } from './test-repository.ts'

export type S3Place = Pick<S3Server, 'endpoint' | 'region' | 'accessKeyID' | 'secretAccessKey'>

export function s3StoreAt(
  { endpoint, region, accessKeyID, secretAccessKey }: S3Place,
  bucket: string,
  changes: Partial<S3Store> = {},
): S3Store {
  return {
    kind: 's3',
    endpoint,
    region,
    bucket,
    prefix: 'accounts/one',
    addressing: 'path',
    accessKeyID,
    secretAccessKey,
    mayReachPrivateNetworks: true,
    ...changes,
  }
}

/** In a new bucket; not by `init`, whose key derivation takes its time. */
export async function makeRepositoryOnS3(
  server: S3Server,
): Promise<RepositoryAccess & { readonly store: S3Store }> {
  const bucket = await server.makeBucket()
  const store = s3StoreAt(server, bucket)
  const backend = s3Backend(server.optionsFor(bucket, store.prefix))
  await using made = await makeThrowawayRepository({ backend })
  const id = '00000000-0000-0000-0000-000000000000' as RepositoryId
  return { id, store, keys: encodeMasterKey(made.key), lockHostname: LOCK_HOSTNAME }
}
