// What one run of the archiver holds.
import type { EntryManifestReader } from '@holdfast/filesystem'
import type { ByteBudget } from '../byte-budget.ts'
import type { Node } from '../format/node.ts'
import type { Repository } from '../repository.ts'
import type { ArchiveObserver, ArchiveSource } from './archive-source.ts'
import type { ArchiveTally } from './archive-tally.ts'
import type { FileReaders } from './file-readers.ts'
import type { OwnerNames } from './owner-names.ts'

/** What all steps of one run share. */
export interface Archive {
  readonly repository: Repository
  readonly source: ArchiveSource
  /** Aborted by the caller, and when any part of the run fails. */
  readonly signal: AbortSignal
  readonly observer: ArchiveObserver
  readonly tally: ArchiveTally
  readonly owners: OwnerNames
  readonly readers: FileReaders
  readonly manifest: EntryManifestReader | undefined
  readonly parentRoot: Node | undefined
  /** Entries between the walk and their tree; directories do not count. */
  readonly nodesUnderWay: ByteBudget
  /** Directories that the walk has left and whose trees are not stored yet. */
  readonly treesUnderWay: ByteBudget
  /** Ends the run; the first reason counts. */
  fail(reason: unknown): void
}
