// Compares two records of a tree: one from before the damage, one from after the restore.
import type { TreeEntry, TreeRecord } from './tree-record.ts'

export interface TreeComparison {
  readonly entries: number
  readonly bytes: number
  /** A sentence each, at most `DIFFERENCES_MAX`; empty when the trees are identical. */
  readonly differences: readonly string[]
}

export interface CompareOptions {
  /** Paths of directories whose time of modification may differ: something was exchanged there. */
  readonly touched?: readonly string[]
  /** False for a restore that fills holes with zeros. Default true. */
  readonly areHolesCompared?: boolean
}

/** Everything but times of access and of inode change, which no restore can set. */
export function compareTrees(
  before: TreeRecord,
  after: TreeRecord,
  options: CompareOptions = {},
): TreeComparison {
  const differences: string[] = []
  let bytes = 0
  for (const [path, entry] of before) {
    bytes += entry.size
    const other = after.get(path)
    if (other === undefined) differences.push(`${show(path)} is missing`)
    else differences.push(...compareEntries(path, entry, other, options))
    if (differences.length >= DIFFERENCES_MAX) break
  }
  for (const path of after.keys()) {
    if (differences.length >= DIFFERENCES_MAX) break
    if (!before.has(path)) differences.push(`${show(path)} was not there before`)
  }
  return { entries: before.size, bytes, differences: differences.slice(0, DIFFERENCES_MAX) }
}

const DIFFERENCES_MAX = 50

/** A restored hole may begin and end at coarser places than the original one. */
const ALLOCATION_SLACK = { bytes: 1024 * 1024, share: 0.03 }

const COMPARED = [
  'type',
  'permissions',
  'uid',
  'gid',
  'mtimeNs',
  'size',
  'digest',
  'linkTarget',
  'deviceNumber',
  'attributes',
  'firstLink',
] as const satisfies readonly (keyof TreeEntry)[]

function compareEntries(
  path: string,
  before: TreeEntry,
  after: TreeEntry,
  { touched = [], areHolesCompared = true }: CompareOptions,
): string[] {
  const differences: string[] = []
  for (const member of COMPARED) {
    if (member === 'mtimeNs' && touched.includes(path)) continue
    const [was, is] = [String(before[member]), String(after[member])]
    if (was !== is) differences.push(`${show(path)}: ${member} was ${was}, is ${is}`)
  }
  const { bytes, share } = ALLOCATION_SLACK
  const allocatedMax = before.allocatedBytes * (1 + share) + bytes
  if (areHolesCompared && after.allocatedBytes > allocatedMax) {
    const [was, is] = [before.allocatedBytes, after.allocatedBytes]
    differences.push(`${show(path)}: allocated were ${was} bytes, are ${is}`)
  }
  return differences
}

/** Bytes that are not plain text are shown as `%XX`. */
function show(path: string): string {
  if (path === '') return '(the root)'
  return path.replaceAll(
    /[^\x20-\x24\x26-\x7e]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}
