// Compares the packs that are stored with those that the index lists.
import type { PackId } from '../format/ids.ts'
import type { BlobIndex, IndexedPack } from '../index/blob-index.ts'
import type { Repository } from '../repository.ts'
import type { CheckFindings } from './check-findings.ts'
import { expectedPackSizes } from './pack-usage.ts'

export interface CheckPackListOptions {
  readonly repository: Repository
  readonly index: BlobIndex
  readonly findings: CheckFindings
  readonly signal: AbortSignal | undefined
}

/** Answers the numbers of packs that are worth reading: there, of the right size and layout. */
export async function checkPackList(options: CheckPackListOptions): Promise<ReadonlySet<number>> {
  const { index, findings } = options
  const storedBytes = await listStoredBytes(options)
  const expectedBytes = expectedPackSizes(index)
  const readable = new Set<number>()
  for (const pack of index.packs()) {
    const stored = storedBytes[pack.number]!
    const expected = expectedBytes[pack.number]!
    if (stored === -1) {
      findings.add('pack-missing', `Pack ${pack.id} is not stored; ${lossOf(pack)}`)
    } else if (stored < expected) {
      const sizes = `${stored} of its ${expected} bytes`
      findings.add('pack-truncated', `Pack ${pack.id} has ${sizes}; ${lossOf(pack)}`)
    } else if (stored > expected) {
      const sizes = `${stored} bytes instead of ${expected}`
      findings.add('pack-size-wrong', `Pack ${pack.id} has ${sizes}.`)
    } else if (checkLayout(pack, findings)) {
      readable.add(pack.number)
    }
  }
  await reportLeftovers(options)
  return readable
}

async function listStoredBytes(options: CheckPackListOptions): Promise<Float64Array> {
  const { repository, index, findings, signal } = options
  const storedBytes = new Float64Array(index.packCount).fill(-1)
  for await (const { name, sizeBytes } of repository.backend.list('data', signal)) {
    const number = index.findPack(name as PackId)
    if (number !== undefined) {
      storedBytes[number] = sizeBytes
      continue
    }
    findings.add(
      'unreferenced-pack',
      `Pack ${name} is in no index: a run that ended early left it, or one that is under way ` +
        'has just stored it. Prune removes it.',
    )
  }
  return storedBytes
}

/** Stock restic computes sizes from lengths: blobs follow each other without gaps. */
function checkLayout(pack: IndexedPack, findings: CheckFindings): boolean {
  let end = 0
  for (const { offset, length, id } of pack.blobs) {
    if (offset !== end) {
      const place = `blob ${id} at ${offset} instead of ${end}`
      findings.add('pack-layout-wrong', `The index has pack ${pack.id} with ${place}.`)
      return false
    }
    end += length
  }
  const first = pack.blobs[0]?.type
  if (pack.blobs.some(({ type }) => type !== first)) {
    findings.add('pack-mixed', `Pack ${pack.id} holds data and trees; prune puts that right.`)
  }
  return true
}

function lossOf({ blobs }: IndexedPack): string {
  return `${blobs.length} blobs are lost unless other packs hold copies of them.`
}

async function reportLeftovers({
  repository,
  findings,
  signal,
}: CheckPackListOptions): Promise<void> {
  for (const name of await repository.backend.listLeftovers(signal)) {
    findings.add('stray-temp-file', `${name} was left by a write that died. Prune removes it.`)
  }
}
