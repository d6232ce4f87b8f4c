// Values that all resources of the dialect write alike.
import { hexIDOf } from '@holdfast/db'

/**
 * What has not happened. To the letter: clients compare the text, and take `.000Z` for a time at
 * which it did happen.
 */
const NEVER = '0001-01-01T00:00:00Z'

/** RFC 3339, to the millisecond; the zero time for what has not happened. */
export function toDateTime(instant: Date | undefined): string {
  return instant === undefined ? NEVER : instant.toISOString()
}

/** `accountID` is the id of the account, which is the hub here. */
export function toHubID(accountID: string): string {
  return hexIDOf(accountID)
}

export interface CreatorScope {
  readonly id: string
  readonly type: 'account' | 'api-key' | 'platform'
}

/** Who made something: a user, an API key, or nobody, which is the platform itself. */
export interface Creator {
  readonly accountID: string
  /** Of the user or of the API key. */
  readonly userID?: string | undefined
  readonly isApiKey?: boolean
}

export function creatorScopeOf({ accountID, userID, isApiKey = false }: Creator): CreatorScope {
  if (userID === undefined) return { id: hexIDOf(accountID), type: 'platform' }
  return { id: hexIDOf(userID), type: isApiKey ? 'api-key' : 'account' }
}
