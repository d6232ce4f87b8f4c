// Copies a tree with `cp`, sharing the data blocks of its files.
import { mkdirSync } from 'node:fs'
import type { Hole } from '@holdfast/domain'
import { readShownPath } from '@holdfast/domain'
import {
  copyNoCopyOnWrite,
  type EntryStatus,
  getExtendedAttribute,
  readDirectoryNames,
  readExtendedAttributes,
  setExtendedAttribute,
  setOwner,
  setPermissions,
  setTimes,
} from '@holdfast/filesystem'
import { type OpenDirectory, openSubdirectory, statusIfExists } from './open-directory.ts'
import { describeEnd, dyingWithUs, type ProgramResult, runProgram } from './run-program.ts'
import { isInWorkArea } from './volume-names.ts'

export interface CopyRequest {
  readonly source: OpenDirectory
  /** An empty directory; gets the source's own metadata, too. */
  readonly target: OpenDirectory
  /** `always` fails where blocks cannot be shared. */
  readonly reflink: 'always' | 'auto'
  readonly looseEntriesOnly: boolean
  /** The source is, or was, a mount point with our work area in it. */
  readonly holdsWorkArea: boolean
  readonly holes: readonly Hole[]
}

/**
 * Copies everything but the service's own work area, holes and entries that vanish meanwhile.
 * Other file systems are not entered. Fails with an `Error` whose message is what `cp` said.
 */
export async function copyTree(request: CopyRequest, signal: AbortSignal): Promise<void> {
  copyNoCopyOnWrite(request.source.handle, request.target.handle)
  const result = await runProgram(
    {
      // Names come over stdin: as arguments they would have to be text.
      command: 'xargs',
      arguments: ['-0', '-r', ...dyingWithUs(), 'cp', ...copyOptions(request), '--'],
      directories: [request.target],
      workingDirectory: request.source,
      input: entriesToCopy(request),
    },
    saysVanished,
    signal,
  )
  if (!isSuccess(result)) throw new Error(describeEnd('cp', result))
  makeTopHoles(request)
  await emptyHoles(request, signal)
  copyDirectoryMetadata(request.source, request.target)
}

/** Mode, owner, attributes and times of the directory itself, not of its entries. */
export function copyDirectoryMetadata(source: OpenDirectory, target: OpenDirectory): void {
  const status = source.status()
  const path = target.entryPath('.')
  setOwner(path, status)
  setPermissions(path, status.permissions)
  for (const attribute of readExtendedAttributes(source.entryPath('.'))) {
    // Labels of security modules may be set by few, but are often there already.
    const present = getExtendedAttribute(path, attribute.name)
    if (present?.equals(attribute.value) !== true) setExtendedAttribute(path, attribute)
  }
  setTimes(path, status)
}

/** What `xargs` answers when a `cp` ended with an exit code of 1 to 125. */
const SOME_COMMAND_FAILED = 123

function copyOptions({ reflink }: CopyRequest): string[] {
  const target = '--target-directory=/proc/self/fd/3/.'
  return ['--archive', '--one-file-system', `--reflink=${reflink}`, target]
}

function* entriesToCopy(request: CopyRequest): Generator<Buffer> {
  const { source, looseEntriesOnly } = request
  const names = readDirectoryNames(source.handle)
  for (let position = 0; position < names.count; position += 1) {
    const name = names.nameAt(position)
    const status = isExcluded(request, name) ? undefined : statusIfExists(source, name)
    if (status === undefined || isHole(source, status)) continue
    if (looseEntriesOnly && status.type === 'directory') continue
    yield withZero(name)
  }
}

function isExcluded({ holdsWorkArea }: CopyRequest, name: Buffer): boolean {
  return holdsWorkArea && isInWorkArea(name)
}

/** `--one-file-system` does not hold for what is named to `cp` itself. */
function isHole(source: OpenDirectory, status: EntryStatus): boolean {
  return status.isMountRoot || status.device !== source.status().device
}

/** An empty directory stands for a hole, as `cp` leaves one for those further below. */
function makeTopHoles(request: CopyRequest): void {
  const { source, target, looseEntriesOnly } = request
  if (looseEntriesOnly) return
  const names = readDirectoryNames(source.handle)
  for (let position = 0; position < names.count; position += 1) {
    const name = names.nameAt(position)
    const status = isExcluded(request, name) ? undefined : statusIfExists(source, name)
    if (status?.type !== 'directory' || !isHole(source, status)) continue
    if (statusIfExists(target, name) === undefined) mkdirSync(target.entryPath(name), 0o700)
    using hole = openSubdirectory(source, name)
    using copy = openSubdirectory(target, name)
    copyDirectoryMetadata(hole, copy)
  }
}

/** `cp` quotes odd names, so a name cannot pretend to be the end of such a line. */
function saysVanished(line: string): boolean {
  return line.startsWith('cp: ') && line.endsWith(': No such file or directory')
}

function isSuccess(result: ProgramResult): boolean {
  if (result.exitCode === 0) return true
  return result.exitCode === SOME_COMMAND_FAILED && result.errorLineCount === 0
}

/** A bind mount of the same file system looks to `cp` like any directory: it was copied. */
async function emptyHoles({ target, holes }: CopyRequest, signal: AbortSignal): Promise<void> {
  for (const hole of holes) {
    const path = readShownPath(hole.path)
    if (path === undefined || hole.reason !== 'mount') continue
    await emptyEntry(target, Buffer.from(path), signal)
  }
}

async function emptyEntry(target: OpenDirectory, path: Buffer, signal: AbortSignal): Promise<void> {
  const status = statusIfExists(target, path)
  if (status === undefined) return
  const isDirectory = status.type === 'directory'
  // `find -delete` takes the path from its working directory; the copy is ours alone, so nobody
  // can put a link into it.
  using directory = openSubdirectory(target, isDirectory ? path : parentOf(path))
  const result = await runProgram(
    {
      command: 'xargs',
      arguments: ['-0', '-r', 'rm', '-rf', '--one-file-system', '--'],
      directories: [],
      workingDirectory: directory,
      input: isDirectory ? allEntries(directory) : [withZero(lastOf(path))],
    },
    () => false,
    signal,
  )
  if (result.exitCode !== 0) throw new Error(describeEnd('rm', result))
}

function* allEntries(directory: OpenDirectory): Generator<Buffer> {
  const names = readDirectoryNames(directory.handle)
  for (let position = 0; position < names.count; position += 1) {
    yield withZero(names.nameAt(position))
  }
}

function withZero(name: Buffer): Buffer {
  return Buffer.concat([Buffer.from('./'), name, Buffer.of(0)])
}

function parentOf(path: Buffer): Buffer {
  const slash = path.lastIndexOf('/')
  return slash === -1 ? Buffer.from('.') : path.subarray(0, slash)
}

function lastOf(path: Buffer): Buffer {
  return path.subarray(path.lastIndexOf('/') + 1)
}
