// What the fields of an integration say, as a bucket's place and a credential's entries; what is
// wrong with them is told in the words of these fields.
import type { KeyStore } from '@holdfast/db'
import {
  type IntegrationValues,
  type IntegrationVendor,
  readS3Keys,
  readVendorPlace,
  type VendorFault,
} from '@holdfast/domain'
import { type BucketPlace, readBucketPlace } from './bucket-place.ts'
import { type InvalidMember, isOperationError, OperationError } from './operation-failure.ts'

/** Of a key store, as text; those that are undefined are not to be in it. */
export type KeyEntries = Readonly<Record<string, string | undefined>>

export interface IntegrationPlace {
  readonly place: BucketPlace & { readonly prefix: string }
  /** None of a directory. */
  readonly entries: KeyEntries
}

/** Fails with `invalid-request`, and with `bucket-server-mismatch`. */
export function readIntegrationPlace(
  vendor: IntegrationVendor,
  values: IntegrationValues,
): IntegrationPlace {
  const read = readVendorPlace(vendor, values)
  if ('faults' in read) throw invalid(read.faults.map(toMember))
  if (read.place.kind === 'local') {
    const parameters = { local: { path: read.place.path } }
    const place = inWords(() => readBucketPlace({ provider: 'local', parameters }))
    return { place: { ...place, prefix: '' }, entries: {} }
  }
  const { provider, serverURL, bucketName, prefix, keys } = read.place
  const parameters = { s3: { serverURL, bucketName } }
  const place = inWords(() => readBucketPlace({ provider, parameters }))
  const readKeys = readS3Keys(withoutAbsent(keys))
  if ('faults' in readKeys) {
    throw invalid(
      readKeys.faults.map(({ name, reason }) => ({ name: FIELDS[name] ?? name, reason })),
    )
  }
  return { place: { ...place, prefix }, entries: keys }
}

export function toKeyStore(entries: KeyEntries): KeyStore {
  const texts = Object.entries(withoutAbsent(entries))
  return Object.fromEntries(
    texts.map(([name, text]) => [name, Buffer.from(text, 'utf8').toString('base64')]),
  )
}

/** What `work` says of a bucket's members is said of the fields. */
export async function inWordsOfIntegrations(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    throw reworded(error)
  }
}

function inWords<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    throw reworded(error)
  }
}

/** Field by member of a bucket, and by entry of a key store. */
const FIELDS: Readonly<Record<string, string>> = {
  'bucketParameters.s3.serverURL': 'extra.endpoint',
  'bucketParameters.s3.bucketName': 'extra.bucket',
  'bucketParameters.local.path': 'extra.path',
  accessKey: 'auth.key_id',
  accessSecret: 'auth.secret',
  region: 'auth.region',
}

function reworded(error: unknown): unknown {
  if (!isOperationError(error) || error.failure.code !== 'invalid-request') return error
  const { members } = error.failure
  return invalid(members.map(({ name, reason }) => ({ name: FIELDS[name] ?? name, reason })))
}

function toMember({ group, field, reason, isMissing }: VendorFault): InvalidMember {
  return { name: `${group}.${field}`, reason, ...(isMissing ? { isMissing } : {}) }
}

function invalid(members: readonly InvalidMember[]): OperationError {
  return new OperationError({ code: 'invalid-request', members })
}

function withoutAbsent(entries: KeyEntries): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(entries).flatMap(([name, text]) => (text === undefined ? [] : [[name, text]])),
  )
}
