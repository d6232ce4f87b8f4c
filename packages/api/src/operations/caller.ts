// Who calls: a bearer token stands for the user that made it.
import { createHash } from 'node:crypto'
import { findPrincipal, type Principal, type Queries } from '@holdfast/db'
import { OperationError } from './operation-failure.ts'

export type Caller = Omit<Principal, 'isEnabled'>

/** What the database keeps of a token: enough to know it again, nothing to use it with. */
export function hashToken(secret: string): Buffer {
  // Tokens are long and random, so one round is enough: there is nothing to guess.
  return createHash('sha256').update(secret, 'utf8').digest()
}

/**
 * Fails with `token-missing` without a bearer token in `authorization`, with `token-invalid` when
 * it is unknown or revoked, and with `user-disabled`.
 */
export async function authenticate(
  database: Queries,
  authorization: string | undefined,
): Promise<Caller> {
  const secret = /^Bearer +(\S.*?) *$/i.exec(authorization ?? '')?.[1]
  if (secret === undefined) throw new OperationError({ code: 'token-missing' })
  const principal = await findPrincipal(database, hashToken(secret))
  if (principal === undefined) throw new OperationError({ code: 'token-invalid' })
  const { isEnabled, ...caller } = principal
  if (!isEnabled) throw new OperationError({ code: 'user-disabled', email: caller.email })
  return caller
}
