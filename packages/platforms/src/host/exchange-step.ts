// One step of an exchange: done, found done, or undone, whatever became of an earlier try.
import { decodePathBytes } from '@holdfast/domain'
import {
  type EntryOfDirectory,
  exchangeEntries,
  isSubvolume,
  moveEntry,
  subvolumeUUID,
} from '@holdfast/filesystem'
import { carrySubvolume } from './carry-subvolume.ts'
import { applyDescription, type DirectoryDescription } from './directory-description.ts'
import { type OpenDirectory, openSubdirectory, statusIfExists } from './open-directory.ts'

/**
 * `put`: the staged entry takes the place of the target, and what was there, if anything, takes
 * its place in the staging. `remove`: an entry that the copy lacks goes to the replaced ones.
 * `carry`: a nested subvolume moves from the replaced tree into the new one, after its `put`.
 * `describe`: the directory itself gets the mode, owner, times and attributes of the copy.
 */
export type ExchangeStep =
  | {
      readonly kind: 'put'
      /** Index of the volume. */
      readonly volume: number
      /** Percent-encoded, as all names here. */
      readonly targetName: string
      readonly stagedName: string
      /** See `identityOf`: tells the staged entry, wherever it is by now. */
      readonly identity: string
    }
  | { readonly kind: 'remove'; readonly volume: number; readonly targetName: string }
  | {
      readonly kind: 'carry'
      readonly volume: number
      readonly targetName: string
      readonly stagedName: string
      readonly path: string
      readonly uuid: string
    }
  | {
      readonly kind: 'describe'
      readonly volume: number
      readonly before: DirectoryDescription
      readonly after: DirectoryDescription
    }

/** The directories between which the steps of one volume move things. */
export interface ExchangeDirectories {
  readonly target: OpenDirectory
  readonly staged: OpenDirectory
  /** Undefined for a volume that is exchanged whole: it has no `remove`. */
  readonly replaced: OpenDirectory | undefined
}

/** Repeating a step that was done is harmless, also after a crash in the middle. */
export function carryOutStep(directories: ExchangeDirectories, step: ExchangeStep): void {
  if (step.kind === 'put') put(directories, step)
  else if (step.kind === 'remove') remove(directories, step)
  else if (step.kind === 'carry') carrySubvolume({ ...step, ...directories })
  else applyDescription(directories.target, step.after)
}

/** Undoing a step that was not done, or was undone before, is harmless. */
export function undoStep(directories: ExchangeDirectories, step: ExchangeStep): void {
  if (step.kind === 'put') putBack(directories, step)
  else if (step.kind === 'remove') moveBack(directories, step)
  else if (step.kind === 'carry') carrySubvolume({ ...step, ...directories })
  else applyDescription(directories.target, step.before)
}

/** Undefined when there is no such entry. */
export function identityOf(directory: OpenDirectory, name: Uint8Array): string | undefined {
  const status = statusIfExists(directory, name)
  if (status === undefined) return undefined
  const mayBeSubvolume = status.type === 'directory' && status.inode === SUBVOLUME_ROOT_INODE
  return (mayBeSubvolume ? identityOfSubvolume(directory, name) : undefined) ?? `${status.inode}`
}

type PutStep = Extract<ExchangeStep, { kind: 'put' }>
type RemoveStep = Extract<ExchangeStep, { kind: 'remove' }>

const SUBVOLUME_ROOT_INODE = 256n

/** All roots of subvolumes share an inode number. */
function identityOfSubvolume(directory: OpenDirectory, name: Uint8Array): string | undefined {
  using entry = openSubdirectory(directory, name)
  return isSubvolume(entry.handle) ? `subvolume ${subvolumeUUID(entry.handle)}` : undefined
}

function put({ target, staged }: ExchangeDirectories, step: PutStep): void {
  const place = entryOf(target, step.targetName)
  if (identityOf(target, place.name) === step.identity) return
  const source = entryOf(staged, step.stagedName)
  if (identityOf(staged, source.name) !== step.identity) {
    throw new Error(`the staged ${step.stagedName} is gone`)
  }
  if (statusIfExists(target, place.name) === undefined) moveEntry(source, place)
  else exchangeEntries(source, place)
}

function putBack({ target, staged }: ExchangeDirectories, step: PutStep): void {
  const place = entryOf(target, step.targetName)
  if (identityOf(target, place.name) !== step.identity) return
  const source = entryOf(staged, step.stagedName)
  if (statusIfExists(staged, source.name) === undefined) moveEntry(place, source)
  else exchangeEntries(place, source)
}

/** An entry that is gone by itself needs no removing. */
function remove({ target, replaced }: ExchangeDirectories, step: RemoveStep): void {
  const { from, to, isDone } = removal({ target, replaced }, step)
  if (isDone || statusIfExists(target, from.name) === undefined) return
  moveEntry(from, to)
}

function moveBack({ target, replaced }: ExchangeDirectories, step: RemoveStep): void {
  const { from, to, isDone } = removal({ target, replaced }, step)
  if (!isDone) return
  // Where the app has made a new one since, the old one wins: back means back.
  if (statusIfExists(target, from.name) === undefined) moveEntry(to, from)
  else exchangeEntries(to, from)
}

function removal(
  { target, replaced }: Pick<ExchangeDirectories, 'target' | 'replaced'>,
  step: RemoveStep,
): { readonly from: EntryOfDirectory; readonly to: EntryOfDirectory; readonly isDone: boolean } {
  if (replaced === undefined) throw new TypeError('a volume exchanged whole removes nothing')
  const from = entryOf(target, step.targetName)
  const to = entryOf(replaced, step.targetName)
  return { from, to, isDone: statusIfExists(replaced, to.name) !== undefined }
}

function entryOf(directory: OpenDirectory, encodedName: string): EntryOfDirectory {
  const name = decodePathBytes(encodedName)
  if (name === undefined) throw new TypeError(`${encodedName} is no encoded name`)
  return { directory: directory.handle, name }
}
