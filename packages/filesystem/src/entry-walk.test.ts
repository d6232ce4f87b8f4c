import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { openEntryManifest, writeEntryManifest } from './entry-manifest.ts'
import { statusAt, WORKING_DIRECTORY } from './entry-status.ts'
import { compareInWalkOrder, type WalkOptions, type WalkStep, walkEntries } from './entry-walk.ts'
import { FilesystemError } from './system-error.ts'
import { mountingMissing } from './testing/machine-abilities.ts'

const base = mkdtempSync(join(tmpdir(), 'holdfast-walk-'))
after(() => rmSync(base, { recursive: true, force: true }))
const isRoot = process.getuid?.() === 0

function options(root: string, more: Partial<WalkOptions> = {}): WalkOptions {
  return {
    root: Buffer.from(root),
    looseEntriesOnly: false,
    isGivenHole: () => undefined,
    ...more,
  }
}

function walked(root: string, more: Partial<WalkOptions> = {}): string[] {
  return Array.from(walkEntries(options(root, more)), (step) => `${step.kind} ${step.path}`)
}

function makeTree(name: string): string {
  const root = join(base, name)
  mkdirSync(join(root, 'a/inner'), { recursive: true })
  mkdirSync(join(root, 'empty'))
  writeFileSync(join(root, 'a/z'), '')
  writeFileSync(join(root, 'a-file'), '')
  writeFileSync(join(root, 'a/inner/deep'), '')
  symlinkSync('a', join(root, 'link'))
  return root
}

test('directories come before what they hold, and leave after it', () => {
  const root = makeTree('order')
  assert.deepEqual(walked(root), [
    'entry ',
    'entry a',
    'entry a/inner',
    'entry a/inner/deep',
    'leave a/inner',
    'entry a/z',
    'leave a',
    'entry a-file',
    'entry empty',
    'leave empty',
    'entry link',
    'leave ',
  ])
  assert.deepEqual(walked(root, { looseEntriesOnly: true }), [
    'entry ',
    'entry a-file',
    'entry link',
    'leave ',
  ])
})

test('a given hole is named and not entered', () => {
  const root = makeTree('given-hole')
  const isGivenHole = (path: Buffer) => (path.toString() === 'a' ? 'subvolume' : undefined)
  assert.ok(!walked(root, { isGivenHole }).includes('entry a/z'))
  const hole = Array.from(walkEntries(options(root, { isGivenHole }))).find(
    (step) => step.kind === 'entry' && step.hole !== undefined,
  )
  assert.equal(hole?.path.toString(), 'a')
})

test('an excluded entry is passed over with all that it holds', () => {
  const root = makeTree('excluded')
  const steps = walked(root, { isExcluded: (path) => path.toString() === 'a' })
  assert.deepEqual(
    steps.filter((step) => / a($|\/)/.test(step)),
    [],
  )
  assert.ok(steps.includes('entry a-file'))
})

test('a mount is a hole, also a bind mount of the same file system or of one file', {
  skip: mountingMissing(),
}, () => {
  const root = makeTree('mounts')
  execFileSync('mount', ['--bind', join(root, 'a'), join(root, 'empty')])
  execFileSync('mount', ['--bind', join(root, 'a/z'), join(root, 'a-file')])
  try {
    const steps = Array.from(walkEntries(options(root)))
    const holes = steps.filter((step) => step.kind === 'entry' && step.hole === 'mount')
    assert.deepEqual(
      holes.map((step) => String(step.path)),
      ['empty'],
    )
    assert.ok(steps.some((s) => s.kind === 'mounted-file' && s.path.toString() === 'a-file'))
    assert.ok(!steps.some((step) => step.path.toString() === 'empty/z'))
  } finally {
    execFileSync('umount', [join(root, 'a-file')])
    execFileSync('umount', [join(root, 'empty')])
  }
})

test('an entry that vanishes, or a directory swapped for a link, is told and not followed', () => {
  const root = makeTree('swap')
  const seen: string[] = []
  for (const step of walkEntries(options(root))) {
    seen.push(`${step.kind} ${step.path}`)
    if (step.kind === 'entry' && step.path.toString() === 'a') {
      rmSync(join(root, 'a-file'))
      renameSync(join(root, 'a'), join(root, 'was-a'))
      symlinkSync('/etc', join(root, 'a'))
    }
  }
  assert.deepEqual(seen.slice(1, 5), ['entry a', 'vanished a', 'leave a', 'vanished a-file'])
  assert.ok(!seen.some((line) => line.includes('a/passwd')))
})

const readsAll = isRoot && 'root may read every directory'

test('an unreadable directory is told inside its entry', { skip: readsAll }, () => {
  const root = makeTree('unreadable')
  chmodSync(join(root, 'a'), 0)
  assert.deepEqual(walked(root).slice(1, 4), ['entry a', 'failed a', 'leave a'])
  chmodSync(join(root, 'a'), 0o700)
})

test('a walk that is left early closes its handles', () => {
  const root = makeTree('early')
  const before = readdirSync('/proc/self/fd').length
  for (const step of walkEntries(options(root))) if (step.path.includes('deep')) break
  assert.equal(readdirSync('/proc/self/fd').length, before)
})

test('a tree deeper than any path may be long is walked to its end', () => {
  const root = join(base, 'deep')
  mkdirSync(root)
  const name = 'd'.repeat(200)
  // The shell goes down step by step; a path of this length is refused by the kernel.
  execFileSync('bash', ['-c', `for i in {1..40}; do mkdir ${name} && cd ${name}; done; : > end`], {
    cwd: root,
  })
  const deepest = Array.from(walkEntries(options(root))).findLast((step) => step.kind === 'entry')
  assert.equal(deepest?.path.length, 40 * 201 + 3)
})

test('the order of paths is the order of the walk', () => {
  const component = fc
    .uint8Array({ minLength: 1, maxLength: 3 })
    .map((bytes) => bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x2e : byte)))
  const path = fc.array(component, { maxLength: 4 })
  fc.assert(
    fc.property(path, path, (a, b) => {
      const join = (parts: Uint8Array[]) =>
        Buffer.concat(parts.flatMap((part, i) => (i === 0 ? [part] : [Buffer.of(0x2f), part])))
      const expected = compareComponents(a, b)
      assert.equal(Math.sign(compareInWalkOrder(join(a), join(b))), expected)
    }),
  )
})

test('a manifest gives every entry of its tree and nothing for others', async () => {
  const root = makeTree('manifest')
  const manifestPath = join(base, 'manifest.bin')
  const steps = entriesOf(root)
  assert.equal(await writeEntryManifest(options(root), manifestPath, undefined), steps.length)
  writeFileSync(join(root, 'a/new'), '')
  writeFileSync(join(root, 'zz'), '')
  const reader = openEntryManifest(manifestPath)
  for (const step of entriesOf(root)) {
    const path = step.path.toString()
    const isNew = path === 'a/new' || path === 'zz'
    const absolute = Buffer.from(join(root, path))
    const { inode, ctimeNs, device } = statusAt(WORKING_DIRECTORY, absolute)
    const origin = reader.originOf(step.path)
    if (isNew) assert.equal(origin, undefined, path)
    else if (path === '' || path === 'a') assert.equal(origin?.inode, inode)
    else assert.deepEqual(origin, { inode, ctimeNs, device }, path)
  }
  reader.close()
})

test('a manifest that is cut off or something else is refused', async () => {
  const root = makeTree('cut')
  const manifestPath = join(base, 'cut.bin')
  await writeEntryManifest(options(root), manifestPath, undefined)
  truncateSync(manifestPath, 100)
  const reader = openEntryManifest(manifestPath)
  assert.throws(() => reader.originOf(Buffer.from('zzz')), isInvalidManifest)
  reader.close()
  writeFileSync(manifestPath, 'something else')
  assert.throws(() => openEntryManifest(manifestPath), isInvalidManifest)
})

function entriesOf(root: string): Extract<WalkStep, { kind: 'entry' }>[] {
  return Array.from(walkEntries(options(root))).filter((step) => step.kind === 'entry')
}

function isInvalidManifest(error: unknown): boolean {
  return error instanceof FilesystemError && error.failure.code === 'manifest-invalid'
}

/** The naive model: compare the lists of components. */
function compareComponents(a: Uint8Array[], b: Uint8Array[]): number {
  for (let at = 0; at < Math.min(a.length, b.length); at += 1) {
    const order = Buffer.compare(a[at] as Uint8Array, b[at] as Uint8Array)
    if (order !== 0) return order
  }
  return Math.sign(a.length - b.length)
}
