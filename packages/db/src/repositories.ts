// Rows of `repositories` and their opened secrets.
//
// A row is written with a sealed password before the repository itself is made; the keys and the
// polynomial follow when `init` has answered. Until then the repository is not ready.
import type { RepositoryKeys, S3Place } from '@holdfast/domain'
import type { Selectable } from 'kysely'
import { s3PlaceOf, toBucketParameters } from './buckets.ts'
import type { Schema } from './schema.ts'
import type { Sealing } from './sealing.ts'
import type { Queries } from './transaction.ts'

export type RepositoryHome =
  | { readonly kind: 'bucket'; readonly bucketID: string }
  /** The local snapshot repository of a cluster. */
  | { readonly kind: 'cluster'; readonly clusterID: string }

export interface Repository {
  readonly id: string
  readonly accountID: string
  readonly home: RepositoryHome
  readonly prefix: string
  /** False until `init` has answered. */
  readonly isReady: boolean
}

export interface RepositorySecrets {
  readonly password: string
  /** Present when the repository is ready. */
  readonly keys?: RepositoryKeys
}

export async function findRepository(
  { queries }: Queries,
  id: string,
): Promise<Repository | undefined> {
  const row = await queries
    .selectFrom('repositories')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst()
  return row && toRepository(row)
}

export async function findRepositoryAt(
  { queries }: Queries,
  accountID: string,
  home: RepositoryHome,
): Promise<Repository | undefined> {
  const row = await queries
    .selectFrom('repositories')
    .selectAll()
    .where('account_id', '=', accountID)
    .where(
      home.kind === 'bucket' ? 'bucket_id' : 'cluster_id',
      '=',
      home.kind === 'bucket' ? home.bucketID : home.clusterID,
    )
    .executeTakeFirst()
  return row && toRepository(row)
}

/**
 * Writes the row unless the account has one there, and answers what is there. One that was never made
 * is made where this one would be.
 */
export async function registerRepository(
  { queries }: Queries,
  sealing: Sealing,
  repository: Omit<Repository, 'isReady'> & { readonly password: string },
): Promise<Repository> {
  const { home } = repository
  await queries
    .insertInto('repositories')
    .values({
      id: repository.id,
      account_id: repository.accountID,
      bucket_id: home.kind === 'bucket' ? home.bucketID : null,
      cluster_id: home.kind === 'cluster' ? home.clusterID : null,
      prefix: repository.prefix,
      sealed_secrets: sealing.seal(
        JSON.stringify({ password: repository.password } satisfies RepositorySecrets),
        secretsContext(repository.id),
      ),
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  await queries
    .updateTable('repositories')
    .set({ prefix: repository.prefix })
    .where('account_id', '=', repository.accountID)
    .where(
      home.kind === 'bucket' ? 'bucket_id' : 'cluster_id',
      '=',
      home.kind === 'bucket' ? home.bucketID : home.clusterID,
    )
    .where('config_id', 'is', null)
    .where('prefix', '!=', repository.prefix)
    .execute()
  const found = await findRepositoryAt({ queries }, repository.accountID, home)
  if (found === undefined) throw new Error(`The repository ${repository.id} was not written.`)
  return found
}

export async function openRepositorySecrets(
  { queries }: Queries,
  sealing: Sealing,
  id: string,
): Promise<RepositorySecrets | undefined> {
  const row = await queries
    .selectFrom('repositories')
    .select('sealed_secrets')
    .where('id', '=', id)
    .executeTakeFirst()
  if (row?.sealed_secrets === undefined || row.sealed_secrets === null) return undefined
  return JSON.parse(sealing.unseal(row.sealed_secrets, secretsContext(id))) as RepositorySecrets
}

/** The account's chunker polynomial: all of its repositories share one, so copies deduplicate. */
export async function findPolynomial(
  { queries }: Queries,
  sealing: Sealing,
  accountID: string,
): Promise<string | undefined> {
  const row = await queries
    .selectFrom('repositories')
    .select(['id', 'sealed_polynomial'])
    .where('account_id', '=', accountID)
    .where('sealed_polynomial', 'is not', null)
    .orderBy('created_at')
    .executeTakeFirst()
  if (row?.sealed_polynomial === undefined || row.sealed_polynomial === null) return undefined
  return sealing.unseal(row.sealed_polynomial, polynomialContext(row.id))
}

/** What `init` answered goes from here straight under the seal. */
export async function completeRepository(
  { queries }: Queries,
  sealing: Sealing,
  made: {
    readonly id: string
    readonly configID: string
    readonly password: string
    readonly keys: RepositoryKeys
    readonly polynomial: string
  },
): Promise<void> {
  await queries
    .updateTable('repositories')
    .set({
      config_id: made.configID,
      sealed_secrets: sealing.seal(
        JSON.stringify({ password: made.password, keys: made.keys } satisfies RepositorySecrets),
        secretsContext(made.id),
      ),
      sealed_polynomial: sealing.seal(made.polynomial, polynomialContext(made.id)),
    })
    .where('id', '=', made.id)
    .execute()
}

export interface BucketPlace {
  readonly id: string
  readonly accountID: string
  readonly name: string
  /** Of a bucket with provider `local`; undefined for every other provider. */
  readonly localPath: string | undefined
  /** Of a bucket of an S3 server. */
  readonly s3: S3Place | undefined
  /** Below which a repository of it is made. */
  readonly prefix: string
}

/** Undefined for one that was deleted, too. */
export async function findBucketPlace(
  { queries }: Queries,
  id: string,
): Promise<BucketPlace | undefined> {
  const row = await queries
    .selectFrom('buckets')
    .select(['id', 'account_id', 'name', 'provider', 'bucket_parameters', 'prefix'])
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .executeTakeFirst()
  if (row === undefined) return undefined
  const parameters = toBucketParameters(row.bucket_parameters)
  return {
    id: row.id,
    accountID: row.account_id,
    name: row.name,
    localPath: row.provider === 'local' ? parameters.local?.path : undefined,
    s3: s3PlaceOf(row.provider, parameters),
    prefix: row.prefix,
  }
}

function secretsContext(id: string): string {
  return `repositories.sealed_secrets:${id}`
}

function polynomialContext(id: string): string {
  return `repositories.sealed_polynomial:${id}`
}

function toRepository(row: Selectable<Schema['repositories']>): Repository {
  return {
    id: row.id,
    accountID: row.account_id,
    home:
      row.bucket_id === null
        ? { kind: 'cluster', clusterID: row.cluster_id ?? '' }
        : { kind: 'bucket', bucketID: row.bucket_id },
    prefix: row.prefix,
    isReady: row.config_id !== null,
  }
}
