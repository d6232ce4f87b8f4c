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

export interface CreatorScope {
  readonly id: string
  readonly type: 'account' | 'api-key' | 'platform'
}

/** Who made something: a user, an API key, or nobody, which is the platform itself. */
export interface Creator {
  readonly accountID: string
  /** Of the user or of the API key; absent or nil: nobody. */
  readonly createdBy?: string | undefined
  readonly isApiKey?: boolean
}

const NIL = '00000000-0000-0000-0000-000000000000'

export function creatorScopeOf({ accountID, createdBy, isApiKey = false }: Creator): CreatorScope {
  if (createdBy === undefined || createdBy === NIL) {
    return { id: hexIDOf(accountID), type: 'platform' }
  }
  return { id: hexIDOf(createdBy), type: isApiKey ? 'api-key' : 'account' }
}
