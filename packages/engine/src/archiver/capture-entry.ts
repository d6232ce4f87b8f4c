// Makes the node of one entry that is no directory; a file's content is read on the way.
import { closeSync, constants, openSync, readlinkSync } from 'node:fs'
import {
  describeErrno,
  type EntryStatus,
  type ExtendedAttribute,
  errnoName,
  pathInDirectory,
  readExtendedAttributes,
  statusAt,
  statusOfHandle,
  type WalkStep,
} from '@holdfast/filesystem'
import { CHUNK_SIZE_BYTES_MIN } from '../chunker/chunker.ts'
import type { Node } from '../format/node.ts'
import type { Archive } from './archive.ts'
import { type EntryFacts, entryNode, withOrigin } from './entry-node.ts'
import { isUnchangedFile } from './parent-tree.ts'

export type WalkedEntry = Extract<WalkStep, { readonly kind: 'entry' }>

/**
 * Undefined when the entry has no node: a socket, vanished, or missed; which one is told to the
 * observer. Everything that needs the walk's directory handle happens before the first wait.
 * Rejects when the repository fails.
 */
export async function captureEntry(
  archive: Archive,
  step: WalkedEntry,
  parentNode: Node | undefined,
): Promise<Node | undefined> {
  const { path } = step
  if (step.status.type === 'socket') {
    archive.tally.warn('socket-skipped', path, 'Sockets hold no data and are not kept.')
    return undefined
  }
  try {
    const facts = readFacts(archive, step)
    if (step.status.type === 'file') return await captureFile(archive, step, facts, parentNode)
    const node = entryNode(facts, readLink(step))
    archive.tally.capture(0)
    return node
  } catch (error) {
    const errno = errnoName(error)
    if (errno === undefined) throw error
    if (errno === 'ENOENT') {
      archive.tally.warn('vanished', path, 'It was gone before it could be read.')
    } else {
      archive.tally.miss({ path, reason: describeErrno(errno), bytes: sizeOf(step.status) })
    }
    return undefined
  }
}

/** Attributes that cannot be read are worth a warning; the content may still be had. */
export function readAttributes(
  archive: Archive,
  { directory, name, path }: WalkedEntry,
): readonly ExtendedAttribute[] {
  try {
    return readExtendedAttributes(pathInDirectory(directory, name))
  } catch (error) {
    const errno = errnoName(error)
    if (errno === undefined) throw error
    // What is gone is told by whoever opens it.
    if (errno !== 'ENOENT') {
      const message = `Its extended attributes could not be read (${errno}).`
      archive.tally.warn('xattrs-unreadable', path, message)
    }
    return []
  }
}

function readFacts(archive: Archive, step: WalkedEntry): EntryFacts {
  return {
    name: step.name,
    status: withOrigin(step.status, archive.manifest?.originOf(step.path)),
    extendedAttributes: readAttributes(archive, step),
    owners: archive.owners,
  }
}

function readLink({ directory, name, status }: WalkedEntry): { readonly linkTarget?: Buffer } {
  if (status.type !== 'symlink') return {}
  return { linkTarget: readlinkSync(pathInDirectory(directory, name), { encoding: 'buffer' }) }
}

async function captureFile(
  archive: Archive,
  step: WalkedEntry,
  facts: EntryFacts,
  parentNode: Node | undefined,
): Promise<Node | undefined> {
  const { repository, tally } = archive
  if (parentNode !== undefined && isUnchangedFile(parentNode, facts.status)) {
    const content = parentNode.content ?? []
    // Only what the index has may be referred to (repository format, section 7.1).
    if (content.every((id) => repository.hasBlob('data', id))) {
      const sizeBytes = Number(facts.status.size)
      tally.progressBytes(sizeBytes)
      tally.captureFile('unmodified', sizeBytes)
      return entryNode(facts, { content, sizeBytes })
    }
  }
  const opened = openFile(step)
  const status = statusOfOpened(step, opened, facts)
  const reading = await archive.readers.readFile({
    handle: opened.handle,
    sizeBytes: Number(opened.status.size),
    mtimeNs: opened.status.mtimeNs,
    hasHoles: mayHaveHoles(opened.status),
    onBytes: tally.progressBytes,
  })
  if (reading.kind === 'failed') {
    tally.miss({
      path: step.path,
      reason: describeErrno(reading.errno),
      bytes: sizeOf(opened.status),
    })
    return undefined
  }
  const { content, sizeBytes, isChanged } = reading
  if (isChanged) {
    tally.warn('changed-while-read', step.path, 'It changed while it was read.')
  }
  tally.captureFile(parentNode?.type === 'file' ? 'changed' : 'new', sizeBytes)
  return entryNode({ ...facts, status }, { content, sizeBytes })
}

interface OpenedFile {
  readonly handle: number
  readonly status: EntryStatus
}

// O_NONBLOCK: a fifo that took the file's place must not hold us until somebody writes to it.
const OPEN_FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** Reading a backup should not change access times; only the owner may ask for that. */
function openFile({ directory, name, path }: WalkedEntry): OpenedFile {
  const access = pathInDirectory(directory, name)
  const handle = openWithoutAccessTime(access)
  try {
    const status = statusOfHandle(handle)
    if (status.type === 'file') return { handle, status }
  } catch (error) {
    closeSync(handle)
    throw error
  }
  closeSync(handle)
  const found = statusAt(directory, name).type
  throw Object.assign(new Error(`'${path}' was a file and became a ${found} while it was opened`), {
    code: 'ESTALE',
  })
}

function openWithoutAccessTime(access: Buffer): number {
  try {
    return openSync(access, OPEN_FILE | constants.O_NOATIME)
  } catch (error) {
    if (errnoName(error) !== 'EPERM') throw error
    return openSync(access, OPEN_FILE)
  }
}

/** What was opened counts; the original's identity holds only for the file that was listed. */
function statusOfOpened(step: WalkedEntry, opened: OpenedFile, facts: EntryFacts): EntryStatus {
  const isSameFile = opened.status.inode === step.status.inode
  if (!isSameFile) return opened.status
  const { inode, ctimeNs, device } = facts.status
  const isOriginal = inode === step.status.inode && ctimeNs === step.status.ctimeNs
  return isOriginal ? opened.status : { ...opened.status, inode, ctimeNs, device }
}

function mayHaveHoles({ size, allocatedBytes }: EntryStatus): boolean {
  return size >= BigInt(CHUNK_SIZE_BYTES_MIN) && allocatedBytes < size
}

function sizeOf({ type, size }: EntryStatus): number {
  return type === 'file' ? Number(size) : 0
}
