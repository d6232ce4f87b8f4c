// Log-ins with a password, and their end.
import { randomBytes } from 'node:crypto'
import {
  endSession,
  findLoginCandidates,
  insertSession,
  inTransaction,
  type LoginCandidate,
  type NewEvent,
  recordEvent,
  setUserPassword,
} from '@holdfast/db'
import { type Caller, hashToken, toCaller } from './caller.ts'
import type { LoginThrottle } from './login-throttle.ts'
import type { OperationContext } from './operation-context.ts'
import { OperationError } from './operation-failure.ts'
import { hashPassword, passwordFault, verifyPassword } from './passwords.ts'

export interface LogInRequest {
  readonly email: string
  readonly password: string
  /** Replaces the password; needed where the next log-in must change it. */
  readonly newPassword?: string
  /** Where the address is known in several accounts. */
  readonly accountID?: string
  readonly remoteAddress: string
  /** Of a session that this log-in takes the place of. */
  readonly formerSecret?: string
  readonly correlationID: string
}

export interface Session {
  readonly caller: Caller
  /** For the cookie; only its hash is kept. */
  readonly secret: string
  readonly expiresAt: Date
}

/** A session ends after this time, however much it is used. */
export const SESSION_MAX_MS = 12 * 60 * 60_000

/** Opens with no password: who names an unknown user waits as long as who names a known one. */
const NOBODYS_HASH = `$argon2id$v=19$m=12288,t=3,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`

/**
 * Fails with `login-refused`, the same whatever was wrong, with `login-throttled`,
 * `password-change-needed`, and for the new password with `invalid-request` or `same-password`.
 */
export async function logIn(
  context: OperationContext,
  throttle: LoginThrottle,
  request: LogInRequest,
): Promise<Session> {
  const { email, remoteAddress, accountID } = request
  const attempt = { email, accountID, remoteAddress, now: context.now() }
  throttle.begin(attempt)
  const candidates = await findLoginCandidates(context.database, {
    email,
    ...(accountID === undefined ? {} : { accountID }),
  })
  const found = await throttle.hash(() => firstThatOpens(candidates, request.password))
  if (found === undefined) {
    await tellRefusals(context, candidates, request)
    throw new OperationError({ code: 'login-refused' })
  }
  // Somebody who has a user of this name in another account must not open the way to guess on.
  if (candidates.length === 1) throttle.succeed(attempt)
  const caller = toCaller(found.principal)
  const newHash = await throttle.hash(() => hashNewPassword(found, request))
  return await openSession(context, { caller, request, newHash })
}

/** Idempotent; without a session of this secret nothing happens. */
export async function logOut({ database, now }: OperationContext, secret: string): Promise<void> {
  await endSession(database, { secretHash: hashToken(secret), now: now() })
}

async function firstThatOpens(
  candidates: readonly LoginCandidate[],
  password: string,
): Promise<LoginCandidate | undefined> {
  if (candidates.length === 0) await verifyPassword(password, NOBODYS_HASH)
  let found: LoginCandidate | undefined
  for (const candidate of candidates) {
    const isOpened = await verifyPassword(password, candidate.passwordHash)
    if (isOpened && candidate.principal.isEnabled) found ??= candidate
  }
  return found
}

async function hashNewPassword(
  { principal, isPasswordChangeNeeded }: LoginCandidate,
  { password, newPassword }: LogInRequest,
): Promise<string | undefined> {
  if (newPassword === undefined) {
    if (!isPasswordChangeNeeded) return undefined
    throw new OperationError({ code: 'password-change-needed', email: principal.email })
  }
  const reason = passwordFault(newPassword)
  if (reason !== undefined) {
    throw new OperationError({
      code: 'invalid-request',
      members: [{ name: 'newPassword', reason }],
    })
  }
  if (newPassword.normalize('NFC') === password.normalize('NFC')) {
    throw new OperationError({ code: 'same-password', userID: principal.userID })
  }
  return await hashPassword(newPassword)
}

async function openSession(
  context: OperationContext,
  {
    caller,
    request,
    newHash,
  }: {
    readonly caller: Caller
    readonly request: LogInRequest
    readonly newHash: string | undefined
  },
): Promise<Session> {
  const { newID, now } = context
  const secret = randomBytes(32).toString('base64url')
  const time = now()
  const expiresAt = new Date(time.getTime() + SESSION_MAX_MS)
  const { accountID, userID } = caller
  await inTransaction(context.database, async (transaction) => {
    if (newHash !== undefined) {
      const password = { userID, passwordHash: newHash, isChangeNeeded: false, now: time }
      await setUserPassword(transaction, password)
    }
    if (request.formerSecret !== undefined) {
      await endSession(transaction, { secretHash: hashToken(request.formerSecret), now: time })
    }
    const secretHash = hashToken(secret)
    const session = { id: newID(), accountID, userID, secretHash, now: time, expiresAt }
    await insertSession(transaction, session)
    await recordEvent(transaction, {
      ...loginEvent(context, caller, request),
      name: 'holdfast.login.accepted',
      summary: 'Log-in',
      description:
        newHash === undefined
          ? `${caller.email} logged in from ${request.remoteAddress}.`
          : `${caller.email} logged in from ${request.remoteAddress} and changed the password.`,
      severity: 'informational',
      methodResult: '201',
    })
  })
  return { caller, secret, expiresAt }
}

/** Nobody is told of addresses that no account knows. */
async function tellRefusals(
  context: OperationContext,
  candidates: readonly LoginCandidate[],
  request: LogInRequest,
): Promise<void> {
  for (const { principal } of candidates) {
    await recordEvent(context.database, {
      ...loginEvent(context, principal, request),
      name: 'holdfast.login.refused',
      summary: 'Log-in refused',
      description: `Somebody at ${request.remoteAddress} tried to log in as ${principal.email}.`,
      severity: 'warning',
      methodResult: '401',
    })
  }
}

function loginEvent(
  { newID, now }: OperationContext,
  { accountID, userID }: Pick<Caller, 'accountID' | 'userID'>,
  { remoteAddress, correlationID }: LogInRequest,
) {
  return {
    id: newID(),
    accountID,
    source: 'holdfast',
    class: 'security',
    eventTime: now(),
    correlationID,
    resourceID: userID,
    resourceName: 'user',
    resourceURI: `/accounts/${accountID}/core/v1/users/${userID}`,
    visibility: ['owner', 'admin'],
    userID,
    remoteAddress,
    method: 'post',
  } as const satisfies Partial<NewEvent>
}
