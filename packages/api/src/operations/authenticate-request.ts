// The one place where requests get their caller, in whatever dialect: a bearer token, or the cookie
// of a session.
import { findSessionPrincipal, type Queries } from '@holdfast/db'
import { authenticate, type Caller, hashToken, type SentBearer, toCaller } from './caller.ts'
import { OperationError } from './operation-failure.ts'

/** A session that nobody uses ends after this time. */
export const SESSION_IDLE_MS = 60 * 60_000

export interface SentCredentials extends SentBearer {
  readonly method: string
  /** The secret in the session's cookie. */
  readonly sessionSecret: string | undefined
  readonly origin: string | undefined
  /** `Sec-Fetch-Site`, which no page can set or change. */
  readonly fetchSite: string | undefined
  /** The origin that the service itself has for this client. */
  readonly ownOrigin: string
}

/**
 * A bearer token counts before a cookie. Beside the failures of `authenticate`: `token-invalid` for
 * a session that has ended, and `cross-site-request`.
 */
export async function authenticateRequest(
  context: { readonly database: Queries; readonly now: () => Date },
  sent: SentCredentials,
): Promise<Caller> {
  const { authorization, sessionSecret } = sent
  if (authorization !== undefined || sessionSecret === undefined) {
    return await authenticate(context.database, sent)
  }
  refuseCrossSite(sent)
  const principal = await findSessionPrincipal(context.database, {
    secretHash: hashToken(sessionSecret),
    now: context.now(),
    idleMs: SESSION_IDLE_MS,
  })
  if (principal === undefined) throw new OperationError({ code: 'token-invalid' })
  return toCaller(principal)
}

const READING = ['GET', 'HEAD', 'OPTIONS']

/**
 * A browser sends the cookie by itself, so a page of somebody else could make it write. Where the
 * browser says nothing of where the request comes from, it is not believed either: every browser
 * sends `Origin` with what is not a GET or HEAD.
 */
export function refuseCrossSite(sent: Omit<SentCredentials, 'authorization'>): void {
  if (READING.includes(sent.method)) return
  const isOwn =
    sent.fetchSite === undefined ? sent.origin === sent.ownOrigin : sent.fetchSite === 'same-origin'
  if (isOwn) return
  throw new OperationError({ code: 'cross-site-request', origin: sent.origin ?? 'another site' })
}
