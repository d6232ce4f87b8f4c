// The staging directories of a restore: `restore-<id>/` in each work area it needs.
import { mkdirSync } from 'node:fs'
import { encodePathBytes } from '@holdfast/domain'
import {
  copyNoCopyOnWrite,
  createSubvolume,
  errnoName,
  exchangeEntries,
  readDirectoryNames,
} from '@holdfast/filesystem'
import { PlatformError } from '../platform-error.ts'
import { type OpenDirectory, openSubdirectory, openSubdirectoryIfExists } from './open-directory.ts'
import { removeTree } from './remove-tree.ts'
import type { JournalVolume } from './restore-journal.ts'
import { openWorkAreaAt } from './volume-site.ts'
import { workName } from './work-name.ts'

export function stagedName({ index }: Pick<JournalVolume, 'index'>): string {
  return `${index}.tree`
}

export function replacedName({ index }: Pick<JournalVolume, 'index'>): string {
  return `${index}.old`
}

export interface StagingRequest {
  readonly area: OpenDirectory
  readonly id: string
  readonly volume: JournalVolume
  /** The volume as it is now, if it is. */
  readonly present: OpenDirectory | undefined
}

/** Makes the staging of one volume, empty. */
export function makeStaging({ area, id, volume, present }: StagingRequest): void {
  const name = workName('restore', id)
  mkdirSync(area.entryPath(name), { recursive: true, mode: 0o700 })
  using staging = openSubdirectory(area, name)
  remakeStagedTree(staging, volume)
  if (present !== undefined) {
    using staged = openSubdirectory(staging, stagedName(volume))
    copyNoCopyOnWrite(present.handle, staged.handle)
  }
  if (volume.manner === 'entries') mkdirSync(staging.entryPath(replacedName(volume)), 0o700)
}

/** Makes the tree that is to be filled, where there is none. */
export function remakeStagedTree(staging: OpenDirectory, volume: JournalVolume): void {
  const name = stagedName(volume)
  if (volume.isSubvolume) {
    createSubvolume({ directory: staging.handle, name: Buffer.from(name) })
  } else {
    mkdirSync(staging.entryPath(name), 0o700)
  }
}

/** Tries an exchange in the work area, since some file systems (network ones) know none. */
export function tryExchange(area: OpenDirectory, id: string): void {
  const name = workName('restore', id)
  mkdirSync(area.entryPath(name), { recursive: true, mode: 0o700 })
  using staging = openSubdirectory(area, name)
  const [one, other] = ['try-one', 'try-other']
  for (const trial of [one, other]) mkdirSync(staging.entryPath(trial), { recursive: true })
  try {
    exchangeEntries(
      { directory: staging.handle, name: Buffer.from(one) },
      { directory: staging.handle, name: Buffer.from(other) },
    )
  } catch (error) {
    const errno = errnoName(error)
    if (errno === undefined) throw error
    const path = encodePathBytes(area.path)
    const reason = `its file system cannot exchange two directories (${errno})`
    throw new PlatformError({ code: 'target-not-writable', path, reason }, { cause: error })
  }
}

/** Undefined when the work area is no longer the one that the journal knows, or is empty. */
export function openStaging(
  hostRoot: string,
  id: string,
  volume: Pick<JournalVolume, 'place' | 'namespace' | 'key' | 'areaInode'>,
): OpenDirectory | undefined {
  using area = openWorkAreaAt(hostRoot, volume)
  if (area === undefined || area.status().inode.toString() !== volume.areaInode) return undefined
  return openSubdirectoryIfExists(area, workName('restore', id))
}

/** Removes what a restore left in one work area; missing is success. */
export async function removeStaging(
  area: OpenDirectory,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  const name = workName('restore', id)
  {
    using staging = openSubdirectoryIfExists(area, name)
    if (staging === undefined) return
    // One by one, since a subvolume among them is not for `rm`.
    for (const entry of entryNames(staging)) await removeTree(staging, entry, signal)
  }
  await removeTree(area, name, signal)
}

function entryNames(directory: OpenDirectory): string[] {
  const names = readDirectoryNames(directory.handle)
  return Array.from({ length: names.count }, (_, position) => names.nameAt(position).toString())
}
