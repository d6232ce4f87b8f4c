// One S3 server, bucket and key pair: makes the client, and bounds every call in time.
//
// The SDK is loaded with the first call: it takes some 40 MiB and 150 ms, which a mover between
// local repositories need not spend.
import type { Agent as HttpAgent } from 'node:http'
import type { Agent as HttpsAgent } from 'node:https'
import type { S3Client } from '@aws-sdk/client-s3'

export interface S3Options {
  /** `https://host[:port]`, without bucket. */
  readonly endpoint: string
  readonly region: string
  readonly bucket: string
  /** Below which the repository is, without slashes at its ends; empty for the bucket itself. */
  readonly prefix: string
  readonly addressing: 'path' | 'virtual-host'
  readonly accessKeyID: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  /**
   * Make all connections, and so decide over certificate authorities and over which addresses may
   * be reached: one that refuses an address fails with an error named `RefusedAddressError`.
   * Destroying them is the caller's; their idle connections do not keep a process alive.
   */
  readonly agents: { readonly http: HttpAgent; readonly https: HttpsAgent }
  readonly timeouts?: S3Timeouts
}

export interface S3Timeouts {
  /** Until a connection stands, TLS excepted. */
  readonly connectMs: number
  /** Without a byte in either direction. */
  readonly idleMs: number
  /** One request with its answer, a part of a multipart upload being one request. */
  readonly requestMs: number
}

/** 16 MiB in a quarter of an hour are 18 KiB a second: what is slower is as good as down. */
export const DEFAULT_S3_TIMEOUTS: S3Timeouts = {
  connectMs: 15_000,
  idleMs: 60_000,
  requestMs: 15 * 60_000,
}

export type S3Sdk = typeof import('@aws-sdk/client-s3')

export interface S3Call {
  readonly client: S3Client
  readonly sdk: S3Sdk
  /** Ends the call when the caller aborts and when it takes too long. */
  readonly abortSignal: AbortSignal
}

export interface S3Connection {
  readonly options: S3Options
  /** For people: what stock restic takes after `-r`. */
  readonly url: string
  /**
   * Runs one call. Once `signal` is aborted it fails with the signal's reason, otherwise with
   * whatever the SDK threw: see `troubleOf`.
   */
  attempt<Result>(
    work: (call: S3Call) => Promise<Result>,
    signal: AbortSignal | undefined,
    requests?: number,
  ): Promise<Result>
}

export class S3TimeoutError extends Error {
  override readonly name = 'TimeoutError'
}

export function connectToS3(options: S3Options): S3Connection {
  const { requestMs } = options.timeouts ?? DEFAULT_S3_TIMEOUTS
  let loading: Promise<{ readonly client: S3Client; readonly sdk: S3Sdk }> | undefined
  return {
    options,
    url: urlOf(options),
    async attempt(work, signal, requests = 1) {
      signal?.throwIfAborted()
      loading ??= loadClient(options)
      const { client, sdk } = await loading
      signal?.throwIfAborted()
      return await withinTime({ ms: requestMs * requests, signal }, (abortSignal) =>
        work({ client, sdk, abortSignal }),
      )
    },
  }
}

function urlOf({ endpoint, bucket, prefix }: S3Options): string {
  return `s3:${endpoint}/${bucket}${prefix === '' ? '' : `/${prefix}`}`
}

async function loadClient(
  options: S3Options,
): Promise<{ readonly client: S3Client; readonly sdk: S3Sdk }> {
  const [sdk, { NodeHttpHandler }] = await Promise.all([
    import('@aws-sdk/client-s3'),
    import('@smithy/node-http-handler'),
  ])
  const { accessKeyID, secretAccessKey, sessionToken, agents } = options
  const { connectMs, idleMs } = options.timeouts ?? DEFAULT_S3_TIMEOUTS
  const client = new sdk.S3Client({
    endpoint: options.endpoint,
    region: options.region,
    forcePathStyle: options.addressing === 'path',
    credentials: {
      accessKeyId: accessKeyID,
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
    },
    requestHandler: new NodeHttpHandler({
      httpAgent: agents.http,
      httpsAgent: agents.https,
      connectionTimeout: connectMs,
      socketTimeout: idleMs,
      // The timer of this warning outlives a request that an agent refuses: let it be a short one.
      socketAcquisitionWarningTimeout: 1_000,
      logger: SILENT,
    }),
    logger: SILENT,
    // `withRetry` repeats: once more below it would multiply the attempts and hide them.
    maxAttempts: 1,
    retryMode: 'standard',
    // Many servers know none of the newer checksum headers, or take them for a part of the body.
    // What is stored is protected by the signed SHA-256 of the body and by the repository itself.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    expectContinueHeader: false,
    // Said here, so that neither the environment nor files of the user's home decide.
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    useArnRegion: false,
    disableMultiregionAccessPoints: true,
    disableS3ExpressSessionAuth: true,
    defaultsMode: 'standard',
    userAgentAppId: 'holdfast',
    authSchemePreference: ['sigv4'],
    sigv4aSigningRegionSet: ['*'],
    ignoreConfiguredEndpointUrls: true,
  })
  return { client, sdk }
}

/** The SDK's remarks would mix with what a mover writes; its errors tell the same. */
const SILENT = {
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

async function withinTime<Result>(
  { ms, signal }: { readonly ms: number; readonly signal: AbortSignal | undefined },
  work: (abortSignal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const call = new AbortController()
  const stop = (): void => call.abort(signal?.reason)
  const timer = setTimeout(
    () => call.abort(new S3TimeoutError(`the request took longer than ${ms} ms`)),
    ms,
  )
  signal?.addEventListener('abort', stop, { once: true })
  try {
    return await work(call.signal)
  } catch (error) {
    throw call.signal.aborted ? call.signal.reason : error
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', stop)
  }
}
