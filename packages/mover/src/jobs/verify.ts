// Tries a bucket and says what keeps it from being used.
import type { BucketFinding, BucketFindingCode, MoverResults } from '@holdfast/domain'
import { type S3TrialTrouble, tryS3Bucket } from '@holdfast/engine'
import type { JobContext } from '../job-context.ts'
import { s3OptionsOf } from '../s3-options.ts'
import type { JobOf } from './job-of.ts'
import { findOtherProvider } from './other-provider.ts'
import { tryLocalBucket } from './try-local-bucket.ts'

/** Whoever waits for a verdict has less patience than a backup. */
const TIMEOUTS = { connectMs: 10_000, idleMs: 20_000, requestMs: 60_000 } as const
/** Amazon refuses requests from a quarter of an hour on; this leaves time to set the clock. */
const SKEW_SECONDS_MAX = 5 * 60

export async function runVerify(
  { store, provider }: JobOf<'verify'>,
  context: JobContext,
): Promise<MoverResults['verify']> {
  const { clock, randomBytes, signal } = context
  if (store.kind === 'local') {
    return { findings: await tryLocalBucket({ path: store.path, randomBytes, signal }) }
  }
  const s3 = { ...s3OptionsOf(store), timeouts: TIMEOUTS }
  const { server, skewSeconds, troubles } = await tryS3Bucket({ s3, clock, randomBytes, signal })
  const found = troubles.map(findingOf)
  // A server that was not reached says nothing about itself.
  if (troubles[0]?.step === 'connect') return { findings: found }
  const other = findOtherProvider({ provider, endpoint: store.endpoint, server })
  return { findings: [...other, ...skewFinding(skewSeconds), ...found] }
}

function skewFinding(skewSeconds: number | undefined): BucketFinding[] {
  if (skewSeconds === undefined || Math.abs(skewSeconds) <= SKEW_SECONDS_MAX) return []
  const direction = skewSeconds > 0 ? 'ahead of' : 'behind'
  const detail = `The clock of the S3 server is ${Math.abs(skewSeconds)} seconds ${direction} ours: signatures carry the time, so set both clocks.`
  return [{ code: 'clock-skew', detail, skewSeconds }]
}

function findingOf({ step, trouble, reason }: S3TrialTrouble): BucketFinding {
  return { code: codeOf({ step, trouble, reason }), detail: `${SENTENCES[step]}: ${reason}.` }
}

const SENTENCES: Readonly<Record<S3TrialTrouble['step'], string>> = {
  connect: 'The S3 server could not be reached',
  list: 'The bucket could not be listed',
  write: 'An object could not be written',
  read: 'An object that was written could not be read',
  delete: 'An object that was written could not be deleted',
}

function codeOf({ step, trouble }: S3TrialTrouble): BucketFindingCode {
  switch (trouble) {
    case 'unreachable':
    case 'busy':
    case 'cut-short':
      return 'unreachable'
    case 'clock-skew':
    case 'address-refused':
    case 'certificate-not-trusted':
    case 'credentials-refused':
    case 'wrong-region':
    case 'bucket-not-found':
      return trouble
    case 'access-denied':
    case 'not-tls':
    case 'object-not-found':
    case 'range-beyond-end':
    case 'storage-full':
    case 'not-implemented':
    case 'unexpected-answer':
      return trouble === 'access-denied' ? REFUSALS[step] : OTHERWISE[step]
    default: {
      const never: never = trouble
      return never
    }
  }
}

const REFUSALS: Readonly<Record<S3TrialTrouble['step'], BucketFindingCode>> = {
  connect: 'unexpected-answer',
  list: 'not-listable',
  write: 'not-writable',
  read: 'not-readable',
  delete: 'not-deletable',
}

/** What cannot even list in the protocol's way is no S3 server; later steps name themselves. */
const OTHERWISE: Readonly<Record<S3TrialTrouble['step'], BucketFindingCode>> = {
  ...REFUSALS,
  list: 'unexpected-answer',
}
