// Sessions: log-ins with a password. The cookie's secret is known to the browser alone.
import { sql } from 'kysely'
import { PRINCIPAL_COLUMNS, type Principal, type PrincipalRow, toPrincipal } from './principals.ts'
import type { Queries } from './transaction.ts'

/** A user that somebody may want to log in as. */
export interface LoginCandidate {
  readonly principal: Principal
  readonly passwordHash: string
  readonly isPasswordChangeNeeded: boolean
}

/** An address may be known in several accounts; more of them than this are not tried. */
const CANDIDATES_MAX = 4

/** Local users with this address and a password, in the order in which they were made. */
export async function findLoginCandidates(
  { queries }: Queries,
  { email, accountID }: { readonly email: string; readonly accountID?: string },
): Promise<readonly LoginCandidate[]> {
  const { rows } = await sql<CandidateRow>`
    select ${PRINCIPAL_COLUMNS}, users.password_hash as "passwordHash",
      users.is_password_change_needed as "isPasswordChangeNeeded"
    from users join accounts on accounts.id = users.account_id
    where lower(users.email) = lower(${email}) and users.auth_provider = 'local'
      and users.password_hash is not null
      ${accountID === undefined ? sql`` : sql`and users.account_id = ${accountID}`}
    order by users.created_at, users.id
    limit ${CANDIDATES_MAX}
  `.execute(queries)
  return rows.map(({ passwordHash, isPasswordChangeNeeded, ...principal }) => ({
    principal: toPrincipal(principal),
    passwordHash,
    isPasswordChangeNeeded,
  }))
}

interface CandidateRow extends PrincipalRow {
  readonly passwordHash: string
  readonly isPasswordChangeNeeded: boolean
}

export interface NewSession {
  readonly id: string
  readonly accountID: string
  readonly userID: string
  /** SHA-256 of the secret. */
  readonly secretHash: Uint8Array
  readonly now: Date
  readonly expiresAt: Date
}

/** What ended long ago goes with it, so that the table holds what is alive. */
export async function insertSession({ queries }: Queries, session: NewSession): Promise<void> {
  await sql`
    delete from sessions where user_id = ${session.userID}
      and (ended_at is not null or expires_at < ${session.now})
  `.execute(queries)
  await queries
    .insertInto('sessions')
    .values({
      id: session.id,
      account_id: session.accountID,
      user_id: session.userID,
      secret_hash: Buffer.from(session.secretHash),
      created_at: session.now,
      last_used_at: session.now,
      expires_at: session.expiresAt,
    })
    .execute()
}

export interface SessionUse {
  readonly secretHash: Uint8Array
  readonly now: Date
  /** A session that was not used for so long has ended. */
  readonly idleMs: number
}

/** Undefined: no such session, or it ended. Notes its use, to the minute. */
export async function findSessionPrincipal(
  { queries }: Queries,
  { secretHash, now, idleMs }: SessionUse,
): Promise<Principal | undefined> {
  const hash = Buffer.from(secretHash)
  const idleSince = new Date(now.getTime() - idleMs)
  const alive = sql`sessions.secret_hash = ${hash} and sessions.ended_at is null
    and sessions.expires_at > ${now} and sessions.last_used_at > ${idleSince}`
  const { rows } = await sql<PrincipalRow>`
    with used as (
      update sessions set last_used_at = ${now}
      where ${alive} and last_used_at < ${now}::timestamptz - interval '1 minute'
    )
    select ${PRINCIPAL_COLUMNS}
    from sessions join users on users.id = sessions.user_id
      join accounts on accounts.id = users.account_id
    where ${alive}
  `.execute(queries)
  return rows[0] && toPrincipal(rows[0])
}

/** Idempotent. */
export async function endSession(
  { queries }: Queries,
  { secretHash, now }: { readonly secretHash: Uint8Array; readonly now: Date },
): Promise<void> {
  await queries
    .updateTable('sessions')
    .set({ ended_at: now })
    .where('secret_hash', '=', Buffer.from(secretHash))
    .where('ended_at', 'is', null)
    .execute()
}

export async function endSessionsOfUser(
  { queries }: Queries,
  { userID, now }: { readonly userID: string; readonly now: Date },
): Promise<void> {
  await queries
    .updateTable('sessions')
    .set({ ended_at: now })
    .where('user_id', '=', userID)
    .where('ended_at', 'is', null)
    .execute()
}

export async function endSessionsOfAccount(
  { queries }: Queries,
  { accountID, now }: { readonly accountID: string; readonly now: Date },
): Promise<void> {
  await queries
    .updateTable('sessions')
    .set({ ended_at: now })
    .where('account_id', '=', accountID)
    .where('ended_at', 'is', null)
    .execute()
}
