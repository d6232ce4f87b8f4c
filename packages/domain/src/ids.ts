// Identifiers of the product. All are UUIDs, lower case, made only by parsing (design: ids).

declare const brand: unique symbol
type Branded<Name extends string> = string & { readonly [brand]: Name }

export type AccountId = Branded<'AccountId'>
export type UserId = Branded<'UserId'>
export type CloudId = Branded<'CloudId'>
export type ClusterId = Branded<'ClusterId'>
export type NamespaceId = Branded<'NamespaceId'>
export type AppId = Branded<'AppId'>
export type ApplicationSnapshotId = Branded<'ApplicationSnapshotId'>
export type BackupId = Branded<'BackupId'>
export type BucketId = Branded<'BucketId'>
export type RepositoryId = Branded<'RepositoryId'>
export type TaskId = Branded<'TaskId'>
export type ScheduleId = Branded<'ScheduleId'>

const UUID_PATTERN =
  /^[0-9a-f]{8}-[0-9a-f]{4}-(4[0-9a-f]{3}-[89ab]|5[0-9a-f]{3}-[0-9a-f])[0-9a-f]{3}-[0-9a-f]{12}$/

/** Owner of what the system made by itself. */
export const NIL_UUID = '00000000-0000-0000-0000-000000000000'

/**
 * Reads a UUID of version 4, version 5 or nil in any letter case and lowers it.
 * Answers undefined for anything else; the caller knows which problem that is.
 */
export function parseId<Id extends string>(text: string): Id | undefined {
  const lowered = text.toLowerCase()
  return lowered === NIL_UUID || UUID_PATTERN.test(lowered) ? (lowered as Id) : undefined
}
