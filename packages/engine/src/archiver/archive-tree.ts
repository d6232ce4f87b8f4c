// Writes a directory tree into a repository: data blobs of its files, tree blobs of its
// directories. The caller flushes and saves the snapshot.
//
// One walk looks at every entry in order; files that must be read go to reading threads, and
// their nodes take their reserved places when they are done. At most `NODES_UNDER_WAY_MAX` entries
// are between the walk and their tree at any time, however large the tree is.
import { setImmediate } from 'node:timers/promises'
import {
  describeErrno,
  errnoName,
  openEntryManifest,
  type WalkStep,
  walkEntries,
} from '@holdfast/filesystem'
import { ByteBudget } from '../byte-budget.ts'
import type { Node } from '../format/node.ts'
import type { Repository } from '../repository.ts'
import type { Archive } from './archive.ts'
import type { ArchiveObserver, ArchiveOutcome, ArchiveSource } from './archive-source.ts'
import { startTally } from './archive-tally.ts'
import { captureEntry, readAttributes, type WalkedEntry } from './capture-entry.ts'
import { assembleDirectory, type DirectoryAssembly, type NodeSlot } from './directory-assembly.ts'
import { type EntryFacts, entryNode, withOrigin } from './entry-node.ts'
import { startFileReaders } from './file-readers.ts'
import { readOwnerNames } from './owner-names.ts'
import { openParentDirectory, type ParentDirectory } from './parent-tree.ts'

export interface ArchiveTreeOptions {
  /** With its index loaded. */
  readonly repository: Repository
  readonly source: ArchiveSource
  /** The source's node in the parent snapshot. */
  readonly parentRoot: Node | undefined
  /** Threads that read and chunk. */
  readonly readers: number
  readonly observer: ArchiveObserver
  readonly signal: AbortSignal | undefined
}

export interface ArchivedTree {
  /** Node of the source directory, named `.`; undefined when even that was missed. */
  readonly root: Node | undefined
  readonly outcome: ArchiveOutcome
}

export async function archiveTree(options: ArchiveTreeOptions): Promise<ArchivedTree> {
  const archive = startArchive(options)
  const { promise: stopped, reject } = Promise.withResolvers<never>()
  archive.signal.addEventListener('abort', () => reject(archive.signal.reason), { once: true })
  try {
    archive.signal.throwIfAborted()
    const root = await Promise.race([walkAndAssemble(archive), stopped])
    return { root, outcome: archive.tally.outcome() }
  } catch (error) {
    // Whatever still runs in the background ends before the threads do. Not after a success: then
    // only packs are on their way, stored under the same signal, and `flush` waits for them.
    archive.fail(error)
    throw error
  } finally {
    await archive.readers.close()
    archive.manifest?.close()
  }
}

interface OpenDirectory {
  readonly path: Buffer
  readonly assembly: DirectoryAssembly
  readonly parent: ParentDirectory
  readonly parentNode: Node | undefined
  /** Its place in the directory above; undefined for the source itself. */
  readonly slot: NodeSlot | undefined
  readonly facts: EntryFacts
  /** It vanished or could not be read: it gets no node. */
  isLost: boolean
}

const NODES_UNDER_WAY_MAX = 512
const TREES_UNDER_WAY_MAX = 64
/** Entries looked at between two turns of the event loop, in which results are taken in. */
const STEPS_PER_TURN = 64

function startArchive(options: ArchiveTreeOptions): Archive {
  const { repository, source, observer, parentRoot } = options
  const tally = startTally(observer)
  const stop = new AbortController()
  const signal =
    options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal])
  const manifest =
    source.manifestPath === undefined ? undefined : openEntryManifest(source.manifestPath)
  const readers = startFileReaders({
    polynomial: repository.config.chunkerPolynomial,
    threads: options.readers,
    signal,
    async saveChunk(chunk) {
      const length = chunk.length
      const saved = await repository.saveBlob('data', chunk, signal)
      tally.countBlob('data', saved, length)
      return saved.id
    },
  })
  return {
    repository,
    source,
    signal,
    observer,
    tally,
    owners: readOwnerNames(),
    readers,
    manifest,
    parentRoot,
    nodesUnderWay: new ByteBudget(NODES_UNDER_WAY_MAX),
    treesUnderWay: new ByteBudget(TREES_UNDER_WAY_MAX),
    fail: (reason) => stop.abort(reason),
  }
}

async function walkAndAssemble(archive: Archive): Promise<Node | undefined> {
  const { path, looseEntriesOnly, isGivenHole, isExcluded } = archive.source
  const walk: Walk = { open: [], root: undefined }
  let steps = 0
  for (const step of walkEntries({ root: path, looseEntriesOnly, isGivenHole, isExcluded })) {
    steps += 1
    if (steps % STEPS_PER_TURN === 0) await setImmediate()
    archive.signal.throwIfAborted()
    await take(archive, walk, step)
  }
  return await walk.root
}

interface Walk {
  /** From the source down to where the walk is. */
  readonly open: OpenDirectory[]
  /** The source's own node to come, once the walk has left it. */
  root: Promise<Node | undefined> | undefined
}

async function take(archive: Archive, walk: Walk, step: WalkStep): Promise<void> {
  switch (step.kind) {
    case 'entry':
      return await takeEntry(archive, walk, step)
    case 'leave':
      return await leaveDirectory(archive, walk)
    case 'mounted-file':
      archive.observer.onHole({ path: step.path, reason: 'mount' })
      return
    case 'vanished':
      loseIfOpen(walk, step.path)
      archive.tally.warn('vanished', step.path, 'It was gone before it could be read.')
      return
    case 'failed':
      loseIfOpen(walk, step.path)
      archive.tally.miss({ path: step.path, reason: reasonOf(step.error), bytes: 0 })
      return
    default:
      step satisfies never
  }
}

async function takeEntry(archive: Archive, walk: Walk, step: WalkedEntry): Promise<void> {
  if (step.hole !== undefined) archive.observer.onHole({ path: step.path, reason: step.hole })
  const above = walk.open.at(-1)
  if (step.status.type === 'directory') {
    const directory = await enterDirectory(archive, above, step)
    walk.open.push(directory)
    return
  }
  if (above === undefined) throw new Error('the walk began with something else than a directory')
  const giveBack = await archive.nodesUnderWay.take(1, archive.signal)
  const slot = above.assembly.reserve(giveBack)
  captureEntry(archive, step, above.parent.find(step.name)).then(
    (node) => slot.settle(node),
    (reason) => archive.fail(reason),
  )
}

async function enterDirectory(
  archive: Archive,
  above: OpenDirectory | undefined,
  step: WalkedEntry,
): Promise<OpenDirectory> {
  const { name, path } = step
  const status = withOrigin(step.status, archive.manifest?.originOf(path))
  const extendedAttributes = readAttributes(archive, step)
  const found = above === undefined ? archive.parentRoot : above.parent.find(name)
  const parentNode = found?.type === 'dir' ? found : undefined
  const slot = above?.assembly.reserve(() => undefined)
  const parent = await openParentDirectory(archive.repository, parentNode?.subtree, archive.signal)
  return {
    path,
    assembly: assembleDirectory(),
    parent,
    parentNode,
    slot,
    facts: { name, status, extendedAttributes, owners: archive.owners },
    isLost: false,
  }
}

async function leaveDirectory(archive: Archive, walk: Walk): Promise<void> {
  const directory = walk.open.pop()
  if (directory === undefined) throw new Error('the walk left more than it entered')
  const giveBack = await archive.treesUnderWay.take(1, archive.signal)
  const finishing = finishDirectory(archive, directory)
  finishing.then(giveBack, archive.fail)
  if (directory.slot === undefined) walk.root = finishing
}

async function finishDirectory(
  archive: Archive,
  { assembly, parentNode, slot, facts, isLost }: OpenDirectory,
): Promise<Node | undefined> {
  const tree = await assembly.finish()
  if (isLost) {
    slot?.settle(undefined)
    return undefined
  }
  const length = tree.length
  const saved = await archive.repository.saveBlob('tree', tree, archive.signal)
  archive.tally.countBlob('tree', saved, length)
  archive.tally.captureDirectory(parentNode?.subtree, saved.id)
  const node = entryNode(facts, { subtree: saved.id })
  slot?.settle(node)
  return node
}

function reasonOf(error: Error): string {
  const errno = errnoName(error)
  return errno === undefined ? error.message : describeErrno(errno)
}

function loseIfOpen(walk: Walk, path: Buffer): void {
  const current = walk.open.at(-1)
  if (current?.path.equals(path) === true) current.isLost = true
}
