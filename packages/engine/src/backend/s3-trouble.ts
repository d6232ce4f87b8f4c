// What went wrong between us and an S3 server, told from what the SDK throws.
import { EngineError } from '../engine-failure.ts'
import { errnoOf } from './local-failure.ts'
import type { S3Connection, S3Options } from './s3-connection.ts'

export const S3_TROUBLES = [
  'unreachable',
  'busy',
  'cut-short',
  'clock-skew',
  'address-refused',
  'certificate-not-trusted',
  'not-tls',
  'credentials-refused',
  'access-denied',
  'wrong-region',
  'bucket-not-found',
  'object-not-found',
  'range-beyond-end',
  'storage-full',
  'not-implemented',
  'unexpected-answer',
] as const
export type S3Trouble = (typeof S3_TROUBLES)[number]

export interface S3TroubleFound {
  readonly trouble: S3Trouble
  /** For people, without the keys: what the server or the connection said, and what to do. */
  readonly reason: string
}

/** An answer that the protocol does not allow; worth another try, since proxies sometimes give one. */
export class S3AnswerError extends Error {
  override readonly name = 'S3AnswerError'
}

export function troubleOf(error: unknown, options: S3Options): S3TroubleFound {
  const trouble = classify(error)
  const said = withoutKeys(whatItSaid(error), options)
  const advice = ADVICE[trouble]
  return { trouble, reason: advice === undefined ? said : `${said}; ${advice}` }
}

/** Only for calls about no object: a missing one is for the caller to tell. */
export function s3Failure(error: unknown, { url, options }: S3Connection): EngineError {
  const { trouble, reason } = troubleOf(error, options)
  // Not the SDK's own error: it holds the request, which holds the signature.
  const cause = { cause: new Error(reason) }
  if (trouble === 'bucket-not-found') {
    return new EngineError({ code: 'repository-not-found', url }, cause)
  }
  const code = mayPass(trouble) ? 'backend-unavailable' : 'backend-failed'
  return new EngineError({ code, url, reason }, cause)
}

/** Is another try worth it? */
export function mayPass(trouble: S3Trouble): boolean {
  return MAY_PASS[trouble]
}

const MAY_PASS: Readonly<Record<S3Trouble, boolean>> = {
  unreachable: true,
  busy: true,
  'cut-short': true,
  // The SDK has read the server's time from the refusal and signs the next request with it.
  'clock-skew': true,
  'address-refused': false,
  'certificate-not-trusted': false,
  'not-tls': false,
  'credentials-refused': false,
  'access-denied': false,
  'wrong-region': false,
  'bucket-not-found': false,
  'object-not-found': false,
  'range-beyond-end': false,
  'storage-full': false,
  'not-implemented': false,
  'unexpected-answer': false,
}

const ADVICE: Readonly<Partial<Record<S3Trouble, string>>> = {
  'clock-skew': "set this machine's clock and the server's",
  'address-refused': 'name another server, or allow such targets in the settings of the service',
  'certificate-not-trusted':
    "add the server's certificate authority to the credential, or give the server a certificate that names it",
  'not-tls': 'use http:// in the URL of the server, or the port where it speaks TLS',
  'credentials-refused': 'check the access key, its secret and the session token in the credential',
  'access-denied': 'allow the access key to list, read, write and delete below the prefix',
  'wrong-region': "set the bucket's region in the credential",
  'storage-full': 'make room on the server or raise its quota',
}

const TROUBLE_OF_CODE: Readonly<Record<string, S3Trouble>> = {
  SlowDown: 'busy',
  Throttling: 'busy',
  ThrottlingException: 'busy',
  TooManyRequests: 'busy',
  RequestLimitExceeded: 'busy',
  ServiceUnavailable: 'busy',
  InternalError: 'busy',
  OperationAborted: 'busy',
  RequestTimeout: 'cut-short',
  IncompleteBody: 'cut-short',
  // The bytes that arrived are not those that were signed.
  BadDigest: 'cut-short',
  InvalidDigest: 'cut-short',
  XAmzContentSHA256Mismatch: 'cut-short',
  XAmzContentChecksumMismatch: 'cut-short',
  RequestTimeTooSkewed: 'clock-skew',
  InvalidAccessKeyId: 'credentials-refused',
  SignatureDoesNotMatch: 'credentials-refused',
  ExpiredToken: 'credentials-refused',
  InvalidToken: 'credentials-refused',
  // What versitygw says of an access key that it does not know.
  XAdminUserNotFound: 'credentials-refused',
  TokenRefreshRequired: 'credentials-refused',
  InvalidSecurity: 'credentials-refused',
  UnrecognizedClientException: 'credentials-refused',
  AccessDenied: 'access-denied',
  AccountProblem: 'access-denied',
  AllAccessDisabled: 'access-denied',
  PermanentRedirect: 'wrong-region',
  TemporaryRedirect: 'wrong-region',
  AuthorizationHeaderMalformed: 'wrong-region',
  InvalidRegion: 'wrong-region',
  NoSuchBucket: 'bucket-not-found',
  InvalidBucketName: 'bucket-not-found',
  NoSuchKey: 'object-not-found',
  NoSuchUpload: 'object-not-found',
  NotFound: 'object-not-found',
  InvalidRange: 'range-beyond-end',
  QuotaExceeded: 'storage-full',
  InsufficientStorage: 'storage-full',
  XMinioStorageFull: 'storage-full',
  NotImplemented: 'not-implemented',
  MethodNotAllowed: 'not-implemented',
}

const TROUBLE_OF_STATUS: Readonly<Record<number, S3Trouble>> = {
  301: 'wrong-region',
  307: 'wrong-region',
  308: 'wrong-region',
  401: 'credentials-refused',
  403: 'access-denied',
  404: 'object-not-found',
  405: 'not-implemented',
  408: 'cut-short',
  416: 'range-beyond-end',
  429: 'busy',
  501: 'not-implemented',
  507: 'storage-full',
}

const UNREACHABLE_ERRNOS: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EMFILE',
  'ENFILE',
])

const CUT_SHORT_ERRNOS: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_DESTROYED',
  'HPE_INVALID_EOF_STATE',
])

function classify(error: unknown): S3Trouble {
  if (!(error instanceof Error)) return 'unexpected-answer'
  if (error.name === 'RefusedAddressError') return 'address-refused'
  if (error.name === 'TimeoutError') return 'unreachable'
  if (error.name === 'S3AnswerError') return 'cut-short'
  const errno = errnoOf(error)
  if (errno !== undefined) {
    if (isCertificateErrno(errno)) return 'certificate-not-trusted'
    if (errno === 'EPROTO' || errno.startsWith('ERR_SSL_')) return 'not-tls'
    if (UNREACHABLE_ERRNOS.has(errno)) return 'unreachable'
    if (CUT_SHORT_ERRNOS.has(errno)) return 'cut-short'
  }
  const byCode = Object.hasOwn(TROUBLE_OF_CODE, error.name)
    ? TROUBLE_OF_CODE[error.name]
    : undefined
  if (byCode !== undefined) return byCode
  const status = statusOf(error)
  if (status === undefined) return 'unexpected-answer'
  return TROUBLE_OF_STATUS[status] ?? (status >= 500 ? 'busy' : 'unexpected-answer')
}

/** What OpenSSL says of a chain, and what Node says of a name that it is not for. */
function isCertificateErrno(errno: string): boolean {
  return (
    /CERT|SIGNATURE|^(UNABLE_TO_|INVALID_CA|PATH_LENGTH_EXCEEDED|HOSTNAME_MISMATCH)/.test(errno) ||
    errno === 'ERR_TLS_CERT_ALTNAME_INVALID'
  )
}

/** Undefined where no answer came. An answer that could not be parsed has its status, too. */
function statusOf(error: Error): number | undefined {
  const { $metadata, $response } = error as {
    readonly $metadata?: { readonly httpStatusCode?: unknown }
    readonly $response?: { readonly statusCode?: unknown }
  }
  const status = $metadata?.httpStatusCode ?? $response?.statusCode
  return typeof status === 'number' ? status : undefined
}

const SAID_CHARACTERS_MAX = 300

function whatItSaid(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const status = statusOf(error)
  const code = errnoOf(error) ?? (status === undefined ? error.name : error.name || `${status}`)
  const message = withoutOpenSSL(error.message)
    .replace(/\s+/g, ' ')
    .replace(/[.\s]+$/, '')
  const said = message === '' || message === 'UnknownError' ? `HTTP status ${status}` : message
  return `${code}: ${said}`.slice(0, SAID_CHARACTERS_MAX)
}

/** Of `write EPROTO 40E3…:error:0A00010B:SSL routines:…:wrong version number:../deps/…:78:` the words. */
function withoutOpenSSL(message: string): string {
  return /:error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):/.exec(message)?.[1] ?? message
}

function withoutKeys(text: string, { secretAccessKey, sessionToken }: S3Options): string {
  let clean = text
  for (const secret of [secretAccessKey, sessionToken]) {
    if (secret !== undefined && secret !== '') clean = clean.replaceAll(secret, '…')
  }
  return clean
}
