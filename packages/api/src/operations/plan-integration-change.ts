// What a change of an integration's fields means for its bucket: another place, other keys, or neither.
import {
  type Bucket,
  decodeKeyStore,
  type KeyStore,
  openCredential,
  type Queries,
} from '@holdfast/db'
import {
  type BucketProvider,
  regionToldBy,
  shownValuesOf,
  type VendorValues,
  vendorOf,
} from '@holdfast/domain'
import type { BucketPlace } from './bucket-place.ts'
import type { Caller } from './caller.ts'
import { type KeyEntries, readIntegrationPlace, toKeyStore } from './integration-place.ts'
import type { OperationContext } from './operation-context.ts'
import { OperationError } from './operation-failure.ts'

interface IntegrationChangePlan {
  readonly place: Pick<BucketPlace, 'provider' | 'bucketParameters'>
  /** Absent when they stay. */
  readonly keys?: KeyStore
}

interface WantedChange {
  readonly caller: Caller
  readonly present: Bucket
  readonly request: {
    /** What is absent stays; what is null is taken away. */
    readonly auth?: VendorValues
    readonly extra?: VendorValues
  }
}

/** Undefined when neither place nor keys are to change. */
export async function planIntegrationChange(
  { sealing }: OperationContext,
  transaction: Queries,
  { caller, present, request }: WantedChange,
): Promise<IntegrationChangePlan | undefined> {
  const vendor = vendorOf(present)
  const shown = shownValuesOf(present)
  const auth = differences(request.auth, shown.auth)
  const extra = differences(request.extra, shown.extra)
  if (auth === undefined && extra === undefined) return undefined
  const key = { accountID: caller.accountID, id: present.credentialID }
  const { keyStore: kept = {} } = (await openCredential(transaction, sealing, key)) ?? {}
  const { place, entries } = readIntegrationPlace(vendor, {
    auth: { ...(vendor === 'holdfast-local' ? {} : authOf(present, kept, extra)), ...auth },
    extra: { ...shown.extra, ...extra },
  })
  refuseOtherPrefix(present, place.prefix)
  const isPlaceSaid = extra !== undefined || auth?.region !== undefined
  const keys = keysToReplace(kept, isPlaceSaid ? entries : withoutPlace(entries))
  const isSameKind = place.provider === 'generic-s3' && present.provider !== 'aws'
  return {
    // Keys alone leave the bucket where it is, however its server is written; and what is known of
    // the server beside its address is nothing that the fields can say.
    place: isPlaceSaid
      ? { ...place, provider: isSameKind ? providerOf(present) : place.provider }
      : placeOfIntegration(present),
    ...(keys === undefined ? {} : { keys }),
  }
}

export function placeOfIntegration(present: Bucket): IntegrationChangePlan['place'] {
  return { provider: providerOf(present), bucketParameters: present.bucketParameters }
}

function providerOf({ provider }: Bucket): BucketProvider {
  return provider as BucketProvider
}

/** A repository stays below the prefix that it was made with. */
function refuseOtherPrefix({ id, prefix: present }: Bucket, prefix: string): void {
  if (prefix === present) return
  const reason = 'cannot be changed; make another integration for another prefix'
  throw new OperationError({
    code: 'fixed-value-changed',
    resource: `bucket ${id}`,
    members: [{ name: 'extra.prefix', reason }],
  })
}

/** What is sent and is not what is shown. */
function differences(
  sent: VendorValues | undefined,
  shown: Readonly<Record<string, string>>,
): VendorValues | undefined {
  const changed = Object.entries(sent ?? {}).filter(
    ([field, value]) => value !== undefined && (value ?? '') !== (shown[field] ?? ''),
  )
  return changed.length === 0 ? undefined : Object.fromEntries(changed)
}

/** What the fields of `auth` hold, shown or not. Another endpoint may tell another region. */
function authOf(present: Bucket, kept: KeyStore, extra: VendorValues | undefined): VendorValues {
  const { accessKey, accessSecret, region } = decodeKeyStore(kept)
  const { endpoint } = extra ?? {}
  const told = typeof endpoint === 'string' ? regionToldBy(endpoint) : undefined
  return {
    key_id: accessKey,
    secret: accessSecret,
    region: told ?? region ?? shownValuesOf(present).auth.region ?? REGION_DEFAULT,
  }
}

/** Of a bucket for which nothing says one. */
const REGION_DEFAULT = 'us-east-1'

function withoutPlace({ accessKey, accessSecret }: KeyEntries): KeyEntries {
  return { accessKey, accessSecret }
}

/** Undefined when the key store holds them already. Its other entries stay. */
function keysToReplace(kept: KeyStore, entries: KeyEntries): KeyStore | undefined {
  const present = decodeKeyStore(kept)
  if (Object.entries(entries).every(([name, value]) => present[name] === value)) return undefined
  return toKeyStore({ ...present, ...entries })
}
