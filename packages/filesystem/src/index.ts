export { cPath, pathInDirectory } from './c-path.ts'
export type { DirectoryNames } from './directory-names.ts'
export { readDirectoryNames } from './directory-names.ts'
export type { EntryManifestReader, EntryOrigin } from './entry-manifest.ts'
export { openEntryManifest, writeEntryManifest } from './entry-manifest.ts'
export {
  makeSpecialFile,
  setOwner,
  setPermissions,
  setTimes,
} from './entry-metadata.ts'
export type { EntryStatus, EntryType } from './entry-status.ts'
export { ENTRY_TYPES, statusAt, statusOfHandle, WORKING_DIRECTORY } from './entry-status.ts'
export type { HoleReason, WalkOptions, WalkStep } from './entry-walk.ts'
export { compareInWalkOrder, walkEntries } from './entry-walk.ts'
export type { EntryOfDirectory } from './exchange.ts'
export { exchangeEntries, moveEntry } from './exchange.ts'
export type { ExtendedAttribute } from './extended-attributes.ts'
export {
  getExtendedAttribute,
  listExtendedAttributes,
  readExtendedAttributes,
  removeExtendedAttribute,
  setExtendedAttribute,
} from './extended-attributes.ts'
export { tryLockFile } from './file-lock.ts'
export { flushFilesystemInBackground } from './flush-filesystem.ts'
export type { InodeFlags } from './inode-flags.ts'
export { copyNoCopyOnWrite, readInodeFlags } from './inode-flags.ts'
export type { Mount } from './mounts.ts'
export { isPathBelow, mountHolding, mountsBelow, parseMountInfo, readMounts } from './mounts.ts'
export type { Pipe } from './pipe.ts'
export { bytesInPipe, openPipe } from './pipe.ts'
export { canReflinkIn, cloneFile } from './reflink.ts'
export { nextDataRegion } from './sparse-regions.ts'
export {
  createSubvolume,
  deleteSubvolume,
  isOnBtrfs,
  isSubvolume,
  makeSubvolumeWritable,
  nestedSubvolumes,
  snapshotSubvolume,
  subvolumeUUID,
} from './subvolume.ts'
export type { FilesystemFailure } from './system-error.ts'
export { describeErrno, errnoName, FilesystemError } from './system-error.ts'
