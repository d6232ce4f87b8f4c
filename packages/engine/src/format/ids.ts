// Names of repository objects: 64 lower-case hex digits of a SHA-256.

declare const brand: unique symbol
type Branded<Name extends string> = string & { readonly [brand]: Name }

export type BlobId = Branded<'BlobId'>
export type PackId = Branded<'PackId'>
export type IndexId = Branded<'IndexId'>
export type SnapshotId = Branded<'SnapshotId'>
export type LockId = Branded<'LockId'>
export type KeyId = Branded<'KeyId'>

export const BLOB_TYPES = ['data', 'tree'] as const
export type BlobType = (typeof BLOB_TYPES)[number]

const ID_PATTERN = /^[0-9a-f]{64}$/

/** Reads an object's name; anything but 64 lower-case hex digits answers undefined. */
export function parseObjectId<Id extends string>(text: string): Id | undefined {
  return ID_PATTERN.test(text) ? (text as Id) : undefined
}
