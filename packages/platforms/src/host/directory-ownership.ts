// Mode and owner of a namespace's directory: what a copy keeps of it, and a clone gives to its own.
import { errnoName, setOwner, setPermissions } from '@holdfast/filesystem'
import type { DirectoryOwnership } from '../platform.ts'
import type { OpenDirectory } from './open-directory.ts'

export function ownershipOf(directory: OpenDirectory): DirectoryOwnership {
  const { permissions, uid, gid } = directory.status()
  return { permissions, uid, gid }
}

/** A service that may not give files away keeps the directory as its own, as `mayGiveAway` says. */
export function applyOwnership(
  directory: OpenDirectory,
  { permissions, uid, gid }: DirectoryOwnership,
): void {
  const path = directory.entryPath('.')
  try {
    setOwner(path, { uid, gid })
  } catch (error) {
    if (errnoName(error) !== 'EPERM' || mayGiveAway(directory, { uid, gid })) throw error
  }
  setPermissions(path, permissions)
}

/** Only root gives directories to others; what is the service's own already needs no giving. */
export function mayGiveAway(
  directory: OpenDirectory,
  wanted: Pick<DirectoryOwnership, 'uid' | 'gid'>,
): boolean {
  if (process.geteuid?.() === 0) return true
  const { uid, gid } = directory.status()
  return uid === wanted.uid && gid === wanted.gid
}
