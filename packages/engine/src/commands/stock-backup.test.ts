// Backup and restore against stock restic, in both directions.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { SnapshotId } from '../format/ids.ts'
import {
  awkwardTreeOptions,
  describeTree,
  makeAwkwardTree,
  noise,
} from '../testing/awkward-tree.ts'
import { backUp, restoreInto, snapshotOf, subtreeOf } from '../testing/backup-run.ts'
import { assertStockCheck, runStockRestic, STOCK_RESTIC_MISSING } from '../testing/stock-restic.ts'
import {
  localBackendIn,
  makeThrowawayRepository,
  THROWAWAY_PASSWORD,
} from '../testing/throwaway-repository.ts'

const skip = STOCK_RESTIC_MISSING
const base = mkdtempSync(join(tmpdir(), 'holdfast-stock-'))
const source = join(base, 'shop', 'data')
const bytesOf = Buffer.from

before(() => {
  mkdirSync(source, { recursive: true })
  makeAwkwardTree(bytesOf(source), awkwardTreeOptions({ path: base, isStockSafe: true }))
})
after(() => rmSync(base, { recursive: true, force: true }))

async function makeRepository(name: string) {
  const directory = join(base, name)
  const made = await makeThrowawayRepository({ backend: localBackendIn(directory), workers: 1 })
  const stock = { repository: join(directory, 'repository'), password: THROWAWAY_PASSWORD }
  return { made, stock, [Symbol.asyncDispose]: () => made.dispose() }
}

type StockOptions = Awaited<ReturnType<typeof makeRepository>>['stock']

/** A backup by restic of the same path that ours says it is. */
async function stockBackup(stock: StockOptions): Promise<string> {
  const args = ['backup', '--host', 'cluster', '--json', source]
  const lines = (await runStockRestic(args, stock)).toString('utf8').trim().split('\n')
  return lines.at(-1) ?? ''
}

interface StockSnapshot {
  readonly id: string
  readonly tree: string
  readonly time: string
}

async function stockSnapshots(stock: StockOptions): Promise<StockSnapshot[]> {
  const json = (await runStockRestic(['snapshots', '--json'], stock)).toString('utf8')
  return (JSON.parse(json) as StockSnapshot[]).toSorted((a, b) => (a.time < b.time ? -1 : 1))
}

/** Real path: then both programs mean the same tree. */
const real = { label: { logicalPath: source } }

/** What `find` prints of everything below, independent of our own reading of metadata. */
function found(root: string): string[] {
  const format = '%P|%y|%m|%U|%G|%s|%T@|%l|%n\\0'
  const output = execFileSync('find', ['.', '-mindepth', '1', '-printf', format], { cwd: root })
  const lines = output.toString('latin1').split('\0')
  // The size of a directory is the file system's own affair.
  return lines.map((line) => line.replace(/^([^|]*\|d\|.*?\|.*?\|.*?\|)\d+/, '$1')).toSorted()
}

test('restic checks our backup without a complaint and restores it', { skip }, async () => {
  await using repository = await makeRepository('ours')
  const { made, stock } = repository
  snapshotOf(await backUp(made.repository, source, real))
  await assertStockCheck(stock)
  const out = join(base, 'ours-out')
  await runStockRestic(['restore', 'latest', '--target', out], stock)
  assert.deepEqual(describeTree(bytesOf(join(out, source))), describeTree(bytesOf(source)))
  assert.deepEqual(found(join(out, source)), found(source))
})

test("we restore restic's backup", { skip }, async () => {
  await using repository = await makeRepository('theirs')
  const { made, stock } = repository
  await stockBackup(stock)
  const [snapshot] = await stockSnapshots(stock)
  const out = join(base, 'theirs-out')
  const id = snapshot?.id as SnapshotId
  await restoreInto(await made.reopen(), id, out, { logicalPath: source })
  assert.deepEqual(describeTree(bytesOf(out)), describeTree(bytesOf(source)))
  assert.deepEqual(found(out), found(source))
})

test('both write the same trees, and neither adds anything on top of the other', {
  skip,
}, async () => {
  await using repository = await makeRepository('both')
  const { made, stock } = repository
  await stockBackup(stock)
  const run = await backUp(await made.reopen(), source, {
    label: { ...real.label, timeNs: Temporal.Now.instant().epochNanoseconds },
  })
  assert.deepEqual([run.outcome.filesNew, run.outcome.filesChanged], [0, 0])
  assert.deepEqual([run.outcome.dataBlobs, run.outcome.treeBlobs], [0, 0])
  const summary = JSON.parse(await stockBackup(stock))
  assert.deepEqual([summary.files_new, summary.files_changed], [0, 0])
  assert.equal(summary.data_blobs, 0)
  // Directories above, such as /tmp, change while other tests run; the source does not.
  const reopened = await made.reopen()
  const trees = await Promise.all(
    (await stockSnapshots(stock)).map(({ id }) => subtreeOf(reopened, id as SnapshotId, source)),
  )
  assert.equal(trees.length, 3)
  assert.equal(new Set(trees).size, 1)
  await assertStockCheck(stock)
})

test('both cut files into the same chunks', { skip }, async () => {
  await using repository = await makeRepository('chunks')
  const { made, stock } = repository
  // Without a parent all is read anew, so only equal chunks keep it from being stored again.
  snapshotOf(await backUp(made.repository, source, real))
  const args = ['backup', '--force', '--host', 'cluster', '--json', source]
  const lines = (await runStockRestic(args, stock)).toString('utf8').trim().split('\n')
  const summary = JSON.parse(lines.at(-1) ?? '')
  assert.equal(summary.data_blobs, 0)
  const run = await backUp(await made.reopen(), source, { ...real, parent: 'none' })
  assert.equal(run.outcome.dataBlobs, 0)
})

test('restic sees what changed since our backup, and we since theirs', { skip }, async () => {
  await using repository = await makeRepository('change')
  const { made, stock } = repository
  const path = join(source, 'changing')
  writeFileSync(path, 'one')
  snapshotOf(await backUp(made.repository, source, real))
  writeFileSync(path, 'two')
  const summary = JSON.parse(await stockBackup(stock))
  assert.deepEqual([summary.files_new, summary.files_changed], [0, 1])
  writeFileSync(path, noise(1, 10))
  const timeNs = Temporal.Now.instant().epochNanoseconds
  const run = await backUp(await made.reopen(), source, { label: { ...real.label, timeNs } })
  assert.deepEqual([run.outcome.filesNew, run.outcome.filesChanged], [0, 1])
  rmSync(path)
})

test('restic reads the layout that the product writes', { skip }, async () => {
  await using repository = await makeRepository('product')
  const { made, stock } = repository
  snapshotOf(await backUp(made.repository, source))
  await assertStockCheck(stock)
  const out = join(base, 'product-out')
  await runStockRestic(['restore', 'latest', '--target', out], stock)
  assert.deepEqual(describeTree(bytesOf(join(out, 'shop/data'))), describeTree(bytesOf(source)))
})
