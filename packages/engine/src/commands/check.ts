// Looks for damage, without changing anything (repository format, section 7.4).
import { EngineError, failureOf } from '../engine-failure.ts'
import type { BlobId, IndexId, SnapshotId } from '../format/ids.ts'
import { sha256Hex } from '../format/sha256.ts'
import { BlobIndex } from '../index/blob-index.ts'
import type { Repository } from '../repository.ts'
import { loadUnpacked } from '../unpacked-file.ts'
import { type CheckFinding, CheckFindings } from './check-findings.ts'
import { checkPackContents } from './check-pack-contents.ts'
import { checkPackList } from './check-pack-list.ts'
import { checkTrees } from './check-trees.ts'
import { messageOfDamage } from './message-of-damage.ts'

export interface CheckOptions {
  /**
   * Under a lock of the caller; a shared one will do. Its own index need not be loaded: check
   * reads index files by itself, so that a damaged one is a finding and not the end.
   */
  readonly repository: Repository
  /** Reads every pack: hashes, seals, lengths and headers. */
  readonly readData: boolean
  readonly onProgress: (progress: CheckProgress) => void
  readonly signal: AbortSignal | undefined
}

export interface CheckProgress {
  readonly packsDone: number
  readonly packCount: number
  readonly bytesDone: number
}

/** Fails only when the store itself fails; damage is in what it answers. */
export async function check(options: CheckOptions): Promise<CheckFinding[]> {
  const { repository, signal } = options
  const findings = new CheckFindings()
  await checkKeys(repository, findings, signal)
  // Snapshots first and packs last: what a backup writes meanwhile is not taken for damage.
  const roots = await checkSnapshots(repository, findings, signal)
  const index = await checkIndexFiles(repository, findings, signal)
  const readable = await checkPackList({ repository, index, findings, signal })
  await checkTrees({ repository, index, roots, findings, signal })
  if (options.readData) await checkPackContents({ ...options, index, readable, findings })
  return findings.list()
}

/**
 * Who works with the master key never reads the key files, and would not miss them until the day
 * on which only the password is left.
 */
async function checkKeys(
  { backend }: Repository,
  findings: CheckFindings,
  signal: AbortSignal | undefined,
): Promise<void> {
  let keyCount = 0
  for await (const { name } of backend.list('keys', signal)) {
    keyCount += 1
    try {
      const content = await backend.load({ kind: 'keys', name }, undefined, signal)
      if (sha256Hex(content) === name) continue
      findings.add('key-corrupt', `Key ${name} has other content than its name says.`)
    } catch (error) {
      if (!isGone(error)) findings.add('key-corrupt', messageOfDamage(error))
    }
  }
  if (keyCount > 0) return
  findings.add('key-missing', 'There is no key file: no password opens this repository.')
}

/** Answers the root tree of each snapshot, with the first snapshot that has it. */
async function checkSnapshots(
  repository: Repository,
  findings: CheckFindings,
  signal: AbortSignal | undefined,
): Promise<Map<BlobId, SnapshotId>> {
  const roots = new Map<BlobId, SnapshotId>()
  for await (const { name } of repository.backend.list('snapshots', signal)) {
    const id = name as SnapshotId
    try {
      const { tree } = await repository.loadSnapshot(id, signal)
      if (!roots.has(tree)) roots.set(tree, id)
    } catch (error) {
      if (isGone(error)) continue
      findings.add('snapshot-corrupt', messageOfDamage(error))
    }
  }
  return roots
}

async function checkIndexFiles(
  { backend, key }: Repository,
  findings: CheckFindings,
  signal: AbortSignal | undefined,
): Promise<BlobIndex> {
  const index = new BlobIndex()
  const ids: IndexId[] = []
  for await (const { name } of backend.list('index', signal)) ids.push(name as IndexId)
  for (const indexId of ids.sort()) {
    try {
      const json = await loadUnpacked({ backend, key }, 'index', indexId, signal)
      const reason = typeof json === 'string' ? json : index.addIndexFile(indexId, json)
      if (reason !== undefined) throw new EngineError({ code: 'index-corrupt', indexId, reason })
    } catch (error) {
      findings.add('index-corrupt', messageOfDamage(error))
    }
  }
  for (let pack = 0; pack < index.packCount; pack += 1) {
    const files = index.indexFilesOf(pack).length
    if (files < 2) continue
    findings.add(
      'pack-in-several-indexes',
      `Pack ${index.packIdAt(pack)} is listed in ${files} index files; prune puts that right.`,
    )
  }
  return index
}

function isGone(error: unknown): boolean {
  return failureOf(error, 'object-not-found') !== undefined
}
