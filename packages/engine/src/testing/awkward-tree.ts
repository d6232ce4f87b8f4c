// A directory tree of everything that is hard to back up, and a description of a tree that two
// trees share only when they are the same.

import { createCipheriv, createHash } from 'node:crypto'
import {
  closeSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import {
  type EntryStatus,
  errnoName,
  makeSpecialFile,
  pathInDirectory,
  readExtendedAttributes,
  setExtendedAttribute,
  setOwner,
  setPermissions,
  setTimes,
  walkEntries,
} from '@holdfast/filesystem'
import { deviceFilesMissing } from '@holdfast/filesystem/testing'

/** Bytes that are the same for the same seed and do not compress. */
export function noise(seed: number, length: number): Buffer {
  const key = createHash('sha256').update(String(seed)).digest()
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16))
  return cipher.update(Buffer.alloc(length))
}

export interface AwkwardTreeOptions {
  /** Only root may give files away. */
  readonly isRoot: boolean
  readonly hasDevices: boolean
  /** False where the file system keeps no user attributes. */
  readonly hasAttributes: boolean
  /** Link targets and attribute names that stock restic 0.14 cannot keep. */
  readonly isStockSafe: boolean
}

/** What the machine and the file system of `path` have; what they lack is left out. */
export function awkwardTreeOptions({
  path,
  isStockSafe,
}: {
  readonly path: string
  readonly isStockSafe: boolean
}): AwkwardTreeOptions {
  const isRoot = process.getuid?.() === 0
  const hasDevices = deviceFilesMissing() === false
  return { isRoot, hasDevices, hasAttributes: hasAttributes(path), isStockSafe }
}

/** Fills the existing directory `root`. */
export function makeAwkwardTree(root: Buffer, options: AwkwardTreeOptions): void {
  const at = (...parts: (string | number)[]) => Buffer.concat([root, bytes('/', ...parts)])
  makeNames(at)
  writeFileSync(at('empty'), '')
  writeFileSync(at('small'), 'hello restic\n')
  writeFileSync(at('large'), noise(1, 3_000_000))
  writeFileSync(at('zeros'), Buffer.alloc(1_200_000))
  makeSparse(at('sparse'))
  makeLinks(at, options)
  makeTimes(at)
  makeModes(at)
  makeSpecialFile(at('fifo'), { type: 'fifo', permissions: 0o640, deviceNumber: 0n })
  if (options.isRoot) makeOwners(at)
  if (options.hasDevices) makeDevices(at)
  if (options.hasAttributes) makeAttributes(at, options)
  mkdirSync(at('deep'))
  for (let path = 'deep/x', n = 0; n < 30; n += 1, path += '/x') mkdirSync(at(path))
  setTimes(at('deep/x/x'), { atimeNs: 1n, mtimeNs: 1_111_111_111_111_111_111n })
  setTimes(root, { atimeNs: 0n, mtimeNs: 1_600_000_000_123_456_789n })
}

/**
 * One line for each entry: type, mode, owner, size, time, links, content, target, attributes,
 * device; hard links by the first name they have. Directories' sizes and inodes are not compared.
 */
export function describeTree(root: Buffer): string[] {
  const lines: string[] = []
  const firstNames = new Map<string, string>()
  const walk = { root, looseEntriesOnly: false, isGivenHole: () => undefined }
  for (const step of walkEntries(walk)) {
    if (step.kind === 'failed') throw step.error
    if (step.kind !== 'entry') continue
    const { directory, name, status } = step
    const access = pathInDirectory(directory, name)
    const shown = step.path.toString('latin1')
    const identity = `${status.device}:${status.inode}`
    const first = firstNames.get(identity) ?? shown
    firstNames.set(identity, first)
    const isLinked = status.type !== 'directory' && status.links > 1
    lines.push(
      [
        JSON.stringify(shown),
        status.type,
        status.permissions.toString(8),
        `${status.uid}:${status.gid}`,
        status.mtimeNs,
        contentOf(access, status),
        isLinked ? `links=${status.links} first=${JSON.stringify(first)}` : '',
        readExtendedAttributes(access)
          .map(({ name, value }) => `${name.toString('latin1')}=${value.toString('base64')}`)
          .sort()
          .join(','),
      ].join(' '),
    )
  }
  return lines
}

type At = (...parts: (string | number)[]) => Buffer

function bytes(...parts: (string | number)[]): Buffer {
  return Buffer.concat(parts.map((p) => (typeof p === 'string' ? Buffer.from(p) : Buffer.of(p))))
}

function makeNames(at: At): void {
  mkdirSync(at('names'))
  const names: (string | number)[][] = [
    ['back\\slash'],
    ['q"uote'],
    ['lt<gt>amp&'],
    ['nl\nx'],
    ['bell\u0007'],
    ['esc\u001b'],
    ['del\u007f'],
    ['a', 0xcc],
    ['trunc', 0xe2, 0x82],
    ['surr', 0xed, 0xa0, 0x80, 'x'],
    [0xff, 0xfe],
    ['\u0085'],
    ['\u2028'],
    ['\uffff'],
    ['\uff5e'],
    ['\u{10000}'],
    ['\u{1f600}'],
    ['...'],
    ['-'],
    [' lead and trail '],
    ['n'.repeat(255)],
  ]
  for (const name of names) writeFileSync(at('names/', ...name), bytes(...name))
  mkdirSync(at('names/dir', 0xff))
  writeFileSync(at('names/dir', 0xff, '/inside'), 'x')
}

function makeSparse(path: Buffer): void {
  const handle = openSync(path, 'w')
  ftruncateSync(handle, 20 * 1024 * 1024 + 7)
  writeSync(handle, noise(2, 4096), 0, 4096, 5 * 1024 * 1024 + 100)
  writeSync(handle, noise(3, 700_000), 0, 700_000, 12 * 1024 * 1024)
  closeSync(handle)
}

function makeLinks(at: At, { isStockSafe }: AwkwardTreeOptions): void {
  writeFileSync(at('linked-1'), 'linked')
  linkSync(at('linked-1'), at('linked-2'))
  linkSync(at('linked-1'), at('names/linked-3'))
  symlinkSync('small', at('link'))
  symlinkSync('../no/such "thing"', at('dangling'))
  symlinkSync(at('names'), at('link-to-directory'))
  if (!isStockSafe) symlinkSync(bytes('inv', 0xff, 0xfe, '"q'), at('link-bytes'))
}

function makeTimes(at: At): void {
  const times = { old: -1_500_000_000n, epoch: 0n, one: 1n, late: 1_790_000_000_999_999_999n }
  for (const [name, mtimeNs] of Object.entries(times)) {
    writeFileSync(at('time-', name), name)
    setTimes(at('time-', name), { atimeNs: mtimeNs, mtimeNs })
  }
  symlinkSync('x', at('time-link'))
  setTimes(at('time-link'), { atimeNs: 0n, mtimeNs: 1_234_567_890_123_456_789n })
}

function makeModes(at: At): void {
  for (const mode of [0o000, 0o400, 0o644, 0o4755, 0o2755, 0o6711, 0o1777]) {
    writeFileSync(at('mode-', mode.toString(8)), '')
    setPermissions(at('mode-', mode.toString(8)), mode)
  }
  mkdirSync(at('mode-dir'))
  setPermissions(at('mode-dir'), 0o2775)
  mkdirSync(at('mode-read-only'))
  writeFileSync(at('mode-read-only/inside'), 'x')
  setPermissions(at('mode-read-only'), 0o555)
}

function makeOwners(at: At): void {
  writeFileSync(at('owned'), '')
  setOwner(at('owned'), { uid: 4_000_000_000, gid: 1234 })
  setPermissions(at('owned'), 0o4755)
  symlinkSync('x', at('owned-link'))
  setOwner(at('owned-link'), { uid: 33, gid: 33 })
}

function makeDevices(at: At): void {
  const block = { type: 'block-device', permissions: 0o640, deviceNumber: 1_050_412n } as const
  const character = { type: 'character-device', permissions: 0o644, deviceNumber: 259n } as const
  makeSpecialFile(at('block'), block)
  makeSpecialFile(at('character'), character)
}

function makeAttributes(at: At, { isStockSafe }: AwkwardTreeOptions): void {
  writeFileSync(at('attributes'), '')
  const put = (path: Buffer, name: Buffer, value: Buffer) =>
    setExtendedAttribute(path, { name, value })
  put(at('attributes'), bytes('user.text'), bytes('value'))
  put(at('attributes'), bytes('user.empty'), Buffer.alloc(0))
  put(at('attributes'), bytes('user.bytes'), Buffer.from([0, 255, 1]))
  if (!isStockSafe) put(at('attributes'), bytes('user.é<&"'), bytes('x'))
  put(at('names'), bytes('user.directory'), bytes('yes'))
}

function contentOf(access: Buffer, status: EntryStatus): string {
  switch (status.type) {
    case 'file':
      return `${status.size} ${createHash('sha256').update(readFileSync(access)).digest('hex')}`
    case 'symlink':
      return JSON.stringify(readlinkSync(access, { encoding: 'buffer' }).toString('latin1'))
    case 'block-device':
    case 'character-device':
      return String(status.deviceNumber)
    default:
      return ''
  }
}

function hasAttributes(path: string): boolean {
  const probe = Buffer.from(join(path, '.holdfast-attribute-probe'))
  writeFileSync(probe, '')
  try {
    setExtendedAttribute(probe, { name: bytes('user.probe'), value: bytes('1') })
    return true
  } catch (error) {
    if (errnoName(error) !== 'ENOTSUP') throw error
    return false
  } finally {
    rmSync(probe)
  }
}
