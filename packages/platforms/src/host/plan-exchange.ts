// Decides the steps that bring a staged volume into its place.
import { encodePathBytes } from '@holdfast/domain'
import {
  type EntryStatus,
  isOnBtrfs,
  nestedSubvolumes,
  readDirectoryNames,
  subvolumeUUID,
} from '@holdfast/filesystem'
import { PlatformError } from '../platform-error.ts'
import { describeDirectory } from './directory-description.ts'
import type { VolumeExchange } from './exchange-directories.ts'
import { type ExchangeStep, identityOf } from './exchange-step.ts'
import {
  joinPath,
  type OpenDirectory,
  openSubdirectory,
  openSubdirectoryIfExists,
  statusIfExists,
} from './open-directory.ts'
import { stagedName } from './staging.ts'
import { isInWorkArea, isOurs } from './volume-names.ts'

export interface PlanInput {
  readonly exchange: VolumeExchange
  /** A namespace that the exchange made gets the metadata of its copy; others keep theirs. */
  readonly isNamespaceNew: boolean
}

/** Changes nothing. Fails with `exchange-failed` where an entry cannot take its place. */
export function* planExchange({ exchange, isNamespaceNew }: PlanInput): Generator<ExchangeStep> {
  const { volume, name } = exchange
  if (volume.manner === 'whole') {
    if (name === undefined) throw new TypeError('loose entries are never exchanged whole')
    yield putStep(exchange, { target: name, staged: Buffer.from(stagedName(volume)) })
    yield* carries(exchange, name)
    return
  }
  const isLoose = name === undefined
  for (const staged of namesIn(exchange.staged, keptNames(exchange))) {
    const existing = statusIfExists(exchange.target, staged)
    if (isHole(exchange, existing) || isStagedDirectory(exchange, staged, isLoose)) continue
    if (isLoose && existing?.type === 'directory') throw directoryInTheWay(exchange, staged)
    yield putStep(exchange, { target: staged, staged })
  }
  yield* removals(exchange, isLoose)
  if (!isLoose || isNamespaceNew) yield describeStep(exchange)
}

function* namesIn(directory: OpenDirectory, isKept: (name: Buffer) => boolean): Generator<Buffer> {
  const names = readDirectoryNames(directory.handle)
  for (let position = 0; position < names.count; position += 1) {
    const name = names.nameAt(position)
    if (!isKept(name)) yield name
  }
}

/** What of ours lies among the entries of the target. */
function keptNames({ volume, name }: VolumeExchange): (name: Buffer) => boolean {
  if (name === undefined) return isOurs
  return volume.place === 'volume' ? isInWorkArea : () => false
}

function putStep(
  { volume, staged }: VolumeExchange,
  names: { readonly target: Buffer; readonly staged: Buffer },
): ExchangeStep {
  const identity = identityOf(staged, names.staged)
  if (identity === undefined) throw new Error('a staged entry vanished')
  const targetName = encodePathBytes(names.target)
  const stagedEntry = encodePathBytes(names.staged)
  return { kind: 'put', volume: volume.index, targetName, stagedName: stagedEntry, identity }
}

/** A mount or subvolume in the target stays where it is. */
function isHole({ target }: VolumeExchange, existing: EntryStatus | undefined): boolean {
  if (existing === undefined) return false
  return existing.isMountRoot || existing.device !== target.status().device
}

/** The copy of volume `.` holds no directories; if it does, they are not for the namespace. */
function isStagedDirectory({ staged }: VolumeExchange, name: Buffer, isLoose: boolean): boolean {
  return isLoose && statusIfExists(staged, name)?.type === 'directory'
}

function directoryInTheWay({ target }: VolumeExchange, name: Buffer): PlatformError {
  const path = encodePathBytes(joinPath(target.path, name))
  const reason = 'a directory has taken the place of a loose entry; move it away and try again'
  return new PlatformError({ code: 'exchange-failed', path, reason })
}

function* carries({ volume, target }: VolumeExchange, name: Buffer): Generator<ExchangeStep> {
  using replaced = openSubdirectoryIfExists(target, name)
  if (replaced === undefined || !isOnBtrfs(replaced.handle)) return
  const names = { targetName: encodePathBytes(name), stagedName: stagedName(volume) }
  for (const path of nestedSubvolumes(replaced.handle)) {
    const uuid = uuidBelow(replaced, path)
    const step = { kind: 'carry', volume: volume.index, ...names, uuid } as const
    yield { ...step, path: encodePathBytes(path) }
  }
}

/** It is only read here; whoever acts on it goes there component by component. */
function uuidBelow(directory: OpenDirectory, path: Buffer): string {
  using subvolume = openSubdirectory(directory, path)
  return subvolumeUUID(subvolume.handle)
}

function* removals(exchange: VolumeExchange, isLoose: boolean): Generator<ExchangeStep> {
  const { volume, target, staged } = exchange
  for (const name of namesIn(target, keptNames(exchange))) {
    if (statusIfExists(staged, name) !== undefined) continue
    const existing = statusIfExists(target, name)
    if (isHole(exchange, existing) || (isLoose && existing?.type === 'directory')) continue
    yield { kind: 'remove', volume: volume.index, targetName: encodePathBytes(name) }
  }
}

function describeStep({ volume, target, staged }: VolumeExchange): ExchangeStep {
  const [before, after] = [describeDirectory(target), describeDirectory(staged)]
  return { kind: 'describe', volume: volume.index, before, after }
}
