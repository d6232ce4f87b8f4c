// Who calls: a bearer token, or a session's cookie, stands for its user; an API key for itself.
import { createHash } from 'node:crypto'
import {
  findApiKeyPrincipal,
  findPrincipal,
  highestRole,
  type Principal,
  type Queries,
  type ResourceScope,
  type Viewer,
} from '@holdfast/db'
import { type NamespaceReach, reachOf } from '@holdfast/domain'
import { isAddressAllowed } from './allowed-addresses.ts'
import { OperationError } from './operation-failure.ts'

export interface Caller extends Omit<Principal, 'isEnabled'> {
  /** What they may look at. */
  readonly sees: NamespaceReach
  /** What they may do the present deed to: as far as a role reaches that includes it. */
  readonly actsOn: NamespaceReach
}

/** What the database keeps of a token: enough to know it again, nothing to use it with. */
export function hashToken(secret: string): Buffer {
  // Tokens are long and random, so one round is enough: there is nothing to guess.
  return createHash('sha256').update(secret, 'utf8').digest()
}

/**
 * Says of a secret what it is: where to look for it, and to people and programs that find one where
 * it should not be.
 */
export const API_KEY_PREFIX = 'hfk_'

/** The other tokens are base64, which has no underscore. */
function isApiKeySecret(secret: string): boolean {
  return secret.startsWith(API_KEY_PREFIX)
}

export interface SentBearer {
  /** The header. */
  readonly authorization: string | undefined
  /** Of the client, as trusted proxies tell it. */
  readonly remoteAddress: string
}

/**
 * Fails with `token-missing` without a bearer token in `authorization`, with `token-invalid` when
 * it is unknown or revoked, with `address-not-allowed` and with `user-disabled`.
 */
export async function authenticate(
  database: Queries,
  { authorization, remoteAddress }: SentBearer,
): Promise<Caller> {
  const secret = bearerOf(authorization)
  if (secret === undefined) throw new OperationError({ code: 'token-missing' })
  const find = isApiKeySecret(secret) ? findApiKeyPrincipal : findPrincipal
  const principal = await find(database, hashToken(secret))
  if (principal === undefined) throw new OperationError({ code: 'token-invalid' })
  const { ips } = principal
  if (ips !== undefined && !isAddressAllowed(remoteAddress, ips)) {
    throw new OperationError({ code: 'address-not-allowed', address: remoteAddress })
  }
  return toCaller(principal)
}

/** In one pass, however long its runs of spaces are: anybody may send anything. */
function bearerOf(authorization = ''): string | undefined {
  return /^Bearer +(\S.*)$/i.exec(authorization)?.[1]?.trimEnd()
}

/** Fails with `user-disabled`. */
export function toCaller({ isEnabled, ...principal }: Principal): Caller {
  if (!isEnabled) throw new OperationError({ code: 'user-disabled', email: principal.email })
  const sees = reachOf(principal.grants.flatMap(({ constraints }) => constraints))
  return { ...principal, sees, actsOn: sees }
}

/** For what they look at: everything else is not there for them. */
export function viewerOf(caller: Caller): Viewer {
  return { userID: caller.userID, role: seeingRole(caller), reach: caller.sees }
}

/** For what they change, or name in order to change something else. */
export function actorOf(caller: Caller): Viewer {
  return { ...viewerOf(caller), reach: caller.actsOn }
}

/** All of the account that the caller may do the present deed to. */
export function scopeOf(caller: Caller): ResourceScope {
  return { accountID: caller.accountID, parents: {}, viewer: actorOf(caller) }
}

/** A role that holds in some namespaces opens nothing of the account beside them. */
function seeingRole({ grants, role }: Caller): string | undefined {
  const everywhere = grants.filter(({ constraints }) => reachOf(constraints).isUnlimited)
  return highestRole(everywhere.flatMap((grant) => grant.role ?? [])) ?? role
}
