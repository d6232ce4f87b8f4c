// Verifies buckets: each that is due is tried by a mover, which writes, reads, lists and deletes.
//
//   pending ─┬─► available ◄──► removed (it cannot be reached now)
//            ├─► failed ◄─────────┘ │    (it can be reached, and not be used)
//            └─► unknown ◄──────────┘    (nobody could try)
//
// Every state is looked at again after a while, and at once when the bucket or its credential was
// changed. A verification is lost with its process: it is due again when its lease ends.
import {
  BUCKET_UNAVAILABLE,
  type ClaimedBucket,
  claimBucketsToVerify,
  claimBucketToVerify,
  clearCondition,
  inTransaction,
  openBucketStore,
  postponeVerification,
  raiseCondition,
  recordBucketVerdict,
  type StateDetail,
} from '@holdfast/db'
import type { BucketFinding, BucketProvider, MoverResults, RepositoryStore } from '@holdfast/domain'
import type { Platform } from '@holdfast/platforms'
import { platformsOf } from './dead-services.ts'
import { type Runtime, track } from './runtime.ts'

/** At a time: each is a process, light beside one that moves data. */
const VERIFICATIONS_MAX = 3
/** Retries of a server that does not answer included. */
const VERIFY_TIMEOUT_MS = 60_000
/** Longer than a verification takes. */
const LEASE_MS = 2 * VERIFY_TIMEOUT_MS

const MINUTE_MS = 60_000
const PAUSES_MS = {
  available: 15 * MINUTE_MS,
  // Often, so that backups go on soon after it is back.
  removed: MINUTE_MS,
  failed: 5 * MINUTE_MS,
  unknown: MINUTE_MS,
} as const

type Verdict = {
  readonly state: keyof typeof PAUSES_MS
  readonly stateDetails: readonly StateDetail[]
}

/** One round: every bucket that is due, some at a time. */
export async function verifyDueBuckets(runtime: Runtime): Promise<void> {
  while (!runtime.closing.aborted) {
    const now = runtime.now()
    const due = await claimBucketsToVerify(runtime.database, {
      now,
      leaseUntil: later(now, LEASE_MS),
      limit: VERIFICATIONS_MAX,
    })
    if (due.length === 0) return
    await track(runtime, () =>
      Promise.all(due.map((bucket) => verifyBucket(runtime, bucket, runtime.closing))),
    )
  }
}

export interface Verification {
  /** Absent when nothing was learned and what was known before still counts. */
  readonly verdict?: Verdict
  /** Why nothing was learned. */
  readonly reason?: string
}

/**
 * One that a user asked for, now and whether it is due or not. Undefined when there is no such
 * bucket any more.
 */
export async function verifyBucketNow(
  runtime: Runtime,
  bucketID: string,
  signal: AbortSignal,
): Promise<Verification | undefined> {
  const leaseUntil = later(runtime.now(), LEASE_MS)
  const bucket = await claimBucketToVerify(runtime.database, { bucketID, leaseUntil })
  return bucket && (await verifyBucket(runtime, bucket, signal))
}

async function verifyBucket(
  runtime: Runtime,
  bucket: ClaimedBucket,
  signal: AbortSignal,
): Promise<Verification> {
  const { verdict, reason } = await judge(runtime, bucket, signal)
  const now = runtime.now()
  const { id, placeRevision } = bucket
  if (verdict === undefined || signal.aborted) {
    const verifyAfter = signal.aborted ? now : later(now, PAUSES_MS.unknown)
    await postponeVerification(runtime.database, { id, verifyAfter })
    return { reason: reason ?? 'It was stopped.' }
  }
  return await inTransaction(runtime.database, async (transaction) => {
    const verifyAfter = later(now, PAUSES_MS[verdict.state])
    const written = { id, placeRevision, ...verdict, verifyAfter, now }
    const before = await recordBucketVerdict(transaction, written)
    if (before === undefined) return { reason: 'It was changed meanwhile; try again.' }
    if (before !== verdict.state) await tell(transaction, { bucket, verdict, before, now })
    return { verdict }
  })
}

async function judge(
  runtime: Runtime,
  bucket: ClaimedBucket,
  signal: AbortSignal,
): Promise<Verification> {
  const { database, sealing, mayReachPrivateNetworks } = runtime
  try {
    const opened = await openBucketStore(database, sealing, {
      bucketID: bucket.id,
      prefix: bucket.prefix,
      mayReachPrivateNetworks,
      now: runtime.now(),
    })
    if (opened.refusal !== undefined) {
      const { code, reason } = opened.refusal
      return { verdict: { state: 'failed', stateDetails: [detailOf(code, reason)] } }
    }
    const [platform] = (await platformsOf(runtime)).values()
    if (platform === undefined) throw new Error('No cluster of this service is there to try it.')
    const findings = await runVerification(runtime, platform, {
      store: opened.store,
      provider: bucket.provider as BucketProvider,
      signal,
    })
    return { verdict: verdictOf(findings, bucket) }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    runtime.log.warn('A bucket could not be verified', { bucketID: bucket.id, reason })
    if (bucket.state !== 'pending') return { reason }
    const stateDetails = [detailOf('not-verified', reason)]
    return { verdict: { state: 'unknown', stateDetails } }
  }
}

/**
 * Beside the slots for movers and without an obligation: it is short and bounded, touches no
 * repository, and a new bucket must not wait for backups that run for hours.
 */
async function runVerification(
  runtime: Runtime,
  platform: Platform,
  {
    signal,
    ...job
  }: {
    readonly store: RepositoryStore
    readonly provider: BucketProvider
    readonly signal: AbortSignal
  },
): Promise<readonly BucketFinding[]> {
  const id = runtime.randomUUID()
  const mover = await platform.startMover(id, { kind: 'verify', ...job })
  const untilStopped = AbortSignal.any([signal, AbortSignal.timeout(VERIFY_TIMEOUT_MS)])
  let result: MoverResults['verify'] | undefined
  try {
    for await (const event of mover.events(untilStopped)) {
      if (event.event === 'result') result = event.result as MoverResults['verify']
      if (event.event === 'failed') throw new Error(`The mover failed: ${event.failure.code}.`)
    }
  } finally {
    if (result === undefined) await platform.stopMover({ id })
  }
  if (result === undefined) throw new Error('The mover ended without a result.')
  return result.findings
}

function verdictOf(findings: readonly BucketFinding[], { state }: ClaimedBucket): Verdict {
  const stateDetails = findings.map(({ code, detail }) => detailOf(code, detail))
  if (findings.length === 0) return { state: 'available', stateDetails }
  const isAway = findings.some(({ code }) => code === 'unreachable')
  // A directory that was there is a disk that is not mounted, more often than a deleted one.
  const isLost = state !== 'pending' && findings.some(({ code }) => code === 'bucket-not-found')
  return { state: isAway || isLost ? 'removed' : 'failed', stateDetails }
}

function detailOf(code: string, detail: string): StateDetail {
  return { type: `urn:holdfast:bucket:${code}`, title: code.replaceAll('-', ' '), detail }
}

interface BucketNews {
  readonly bucket: ClaimedBucket
  readonly verdict: Verdict
  readonly before: string
  readonly now: Date
}

async function tell(
  transaction: Parameters<typeof raiseCondition>[0],
  { bucket, verdict, before, now }: BucketNews,
): Promise<void> {
  const { accountID, id: resourceID, name } = bucket
  const key = { accountID, resourceID, name: BUCKET_UNAVAILABLE, eventTime: now }
  if (verdict.state === 'available') {
    await clearCondition(transaction, { ...key, description: `The bucket ${name} can be used.` })
    return
  }
  const [first] = verdict.stateDetails
  await raiseCondition(transaction, {
    ...key,
    summary: `The bucket ${name} cannot be used`,
    description: first?.detail ?? `It is ${verdict.state}.`,
    correctiveAction:
      'Mend what is said; the bucket is tried again by itself, and at once after a PUT of it.',
    source: 'buckets',
    // Of one that never worked, whoever made it hears by its state.
    severity: before === 'pending' ? 'warning' : 'critical',
    class: 'system',
    resourceName: 'bucket',
    resourceURI: `/accounts/${accountID}/topology/v1/buckets/${resourceID}`,
  })
}

function later(instant: Date, ms: number): Date {
  return new Date(instant.getTime() + ms)
}
