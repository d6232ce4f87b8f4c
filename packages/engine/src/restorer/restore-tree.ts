// Restores a tree into a directory.
//
// The tree is walked in order and gathered into windows. For each window directories and links are
// made during the walk, then the content of its files is fetched pack by pack, then everything in
// it gets its metadata, a directory only after all it holds. So memory is bounded by a window,
// whatever the number of files, while packs are still read in long stretches.
import type { Node } from '../format/node.ts'
import type { BlobReader } from '../repository.ts'
import { applyMetadata } from './apply-metadata.ts'
import { type HardLinks, trackHardLinks } from './hard-links.ts'
import { type TreeStep, walkTreeInOrder } from './ordered-tree-walk.ts'
import type { FileToWrite } from './plan-contents.ts'
import type { RestoreCount, RestoreObserver } from './restore-observer.ts'
import type { RestoreTarget } from './restore-target.ts'
import { writeContents } from './write-contents.ts'

export interface RestoreTreeOptions {
  readonly repository: BlobReader
  /** A directory's node; its own metadata goes to the target. */
  readonly root: Node
  readonly target: RestoreTarget
  readonly observer: RestoreObserver
  readonly signal: AbortSignal | undefined
}

/** Answers what was restored. */
export async function restoreTree(options: RestoreTreeOptions): Promise<RestoreCount> {
  const { repository, root, signal } = options
  const restore: Restore = {
    ...options,
    hardLinks: trackHardLinks(),
    window: emptyWindow(),
    entries: 0,
    bytes: 0,
    doneBytes: 0,
  }
  for await (const step of walkTreeInOrder(repository, root, signal)) {
    signal?.throwIfAborted()
    takeStep(restore, step)
    if (isFull(restore.window)) await finishWindow(restore)
  }
  await finishWindow(restore)
  return { entries: restore.entries, bytes: restore.bytes }
}

interface Restore extends RestoreTreeOptions {
  readonly hardLinks: HardLinks
  window: Window
  entries: number
  bytes: number
  /** For progress: includes files that are not complete yet. */
  doneBytes: number
}

interface Window {
  readonly files: FileToWrite[]
  /** What gets its metadata at the end, in this order; hard links are made then, too. */
  readonly finishing: Finishing[]
  blobs: number
}

type Finishing =
  | { readonly kind: 'metadata'; readonly path: Buffer; readonly node: Node }
  | {
      readonly kind: 'hard-link'
      readonly path: Buffer
      readonly node: Node
      readonly existing: Buffer
    }

/** Together some tens of MiB of nodes, and some packs' worth of content. */
const WINDOW_ENTRIES_MAX = 4096
const WINDOW_BLOBS_MAX = 32_768

function emptyWindow(): Window {
  return { files: [], finishing: [], blobs: 0 }
}

function isFull({ finishing, blobs }: Window): boolean {
  return finishing.length >= WINDOW_ENTRIES_MAX || blobs >= WINDOW_BLOBS_MAX
}

function takeStep(restore: Restore, { kind, path, node }: TreeStep): void {
  switch (kind) {
    case 'enter':
      // The target itself exists.
      if (path.length > 0) restore.target.makeDirectory(path)
      return
    case 'leave':
      restore.window.finishing.push({ kind: 'metadata', path, node })
      return
    case 'entry':
      takeEntry(restore, path, node)
      return
    default:
      kind satisfies never
  }
}

function takeEntry({ target, hardLinks, window }: Restore, path: Buffer, node: Node): void {
  if (node.type === 'socket' || node.type === 'dir') return
  const existing = hardLinks.firstPathOf(path, node)
  if (existing !== undefined) {
    window.finishing.push({ kind: 'hard-link', path, node, existing })
    return
  }
  switch (node.type) {
    case 'file':
      window.files.push({ path, node })
      window.blobs += node.content?.length ?? 0
      break
    case 'symlink':
      target.makeLink(path, node.linkTarget ?? Buffer.alloc(0))
      break
    case 'fifo':
      target.makeSpecial(path, { type: 'fifo', deviceNumber: 0n })
      break
    case 'dev':
      target.makeSpecial(path, { type: 'block-device', deviceNumber: node.device })
      break
    case 'chardev':
      target.makeSpecial(path, { type: 'character-device', deviceNumber: node.device })
      break
    default:
      node.type satisfies never
  }
  window.finishing.push({ kind: 'metadata', path, node })
}

async function finishWindow(restore: Restore): Promise<void> {
  const { repository, target, observer, window, signal } = restore
  restore.window = emptyWindow()
  const onBytes = (bytes: number) => {
    restore.doneBytes += bytes
    observer.onProgress({ entries: restore.entries, bytes: restore.doneBytes })
  }
  await writeContents({ repository, target, files: window.files, onBytes, signal })
  for (const finishing of window.finishing) {
    finish(restore, finishing)
    restore.entries += 1
    if (finishing.node.type === 'file') restore.bytes += Number(finishing.node.size)
  }
  observer.onProgress({ entries: restore.entries, bytes: restore.doneBytes })
}

function finish({ target, observer }: Restore, finishing: Finishing): void {
  const { path, node } = finishing
  if (finishing.kind === 'hard-link') {
    target.makeHardLink(path, finishing.existing)
    return
  }
  applyMetadata(target.accessPath(path), node, (message) =>
    observer.onWarning({ code: 'metadata-not-restored', path, message }),
  )
}
