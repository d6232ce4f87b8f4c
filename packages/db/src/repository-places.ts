// Where all repositories of the installation are, for its recovery kit.
import { resticURLOf } from '@holdfast/domain'
import { s3PlaceOf, toBucketParameters } from './buckets.ts'
import type { Queries } from './transaction.ts'

export interface RepositoryPlace {
  readonly id: string
  readonly accountName: string
  readonly prefix: string
  /** With a bucket: its name, and its directory when it is a local one. */
  readonly bucketName: string | undefined
  readonly bucketPath: string | undefined
  /** In a bucket of an S3 server: for `restic -r`. */
  readonly s3URL: string | undefined
  /** Of a local snapshot repository. */
  readonly clusterName: string | undefined
}

export async function listRepositoryPlaces({ queries }: Queries): Promise<RepositoryPlace[]> {
  const rows = await queries
    .selectFrom('repositories')
    .innerJoin('accounts', 'accounts.id', 'repositories.account_id')
    .leftJoin('buckets', 'buckets.id', 'repositories.bucket_id')
    .leftJoin('clusters', 'clusters.id', 'repositories.cluster_id')
    .select([
      'repositories.id',
      'repositories.prefix',
      'accounts.name as account_name',
      'buckets.name as bucket_name',
      'buckets.provider',
      'buckets.bucket_parameters',
      'clusters.name as cluster_name',
    ])
    .orderBy('repositories.created_at')
    .execute()
  return rows.map((row) => {
    const parameters = toBucketParameters(row.bucket_parameters ?? {})
    const s3 = s3PlaceOf(row.provider ?? 'none', parameters)
    return {
      id: row.id,
      accountName: row.account_name,
      prefix: row.prefix,
      bucketName: row.bucket_name ?? undefined,
      bucketPath: parameters.local?.path,
      s3URL: s3 === undefined ? undefined : resticURLOf(s3, row.prefix),
      clusterName: row.cluster_name ?? undefined,
    }
  })
}
