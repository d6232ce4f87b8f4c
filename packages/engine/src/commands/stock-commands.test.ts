// Our forget, prune, copy and check beside those of stock restic, on the same repositories.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { mkdir, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Backend } from '../backend/backend.ts'
import { systemClock } from '../clock.ts'
import { secureRandomBytes } from '../crypto/random.ts'
import { failureOf } from '../engine-failure.ts'
import type { PackId } from '../format/ids.ts'
import { acquireLock } from '../lock/repository-lock.ts'
import { openRepository } from '../open-repository.ts'
import type { Repository } from '../repository.ts'
import { noise } from '../testing/awkward-tree.ts'
import {
  assertStockCheck,
  runStockRestic,
  STOCK_RESTIC,
  STOCK_RESTIC_MISSING,
  type StockResticOptions,
  tryStockRestic,
} from '../testing/stock-restic.ts'
import { readSyntheticSnapshot, saveSyntheticSnapshot } from '../testing/synthetic-snapshot.ts'
import {
  localBackendIn,
  makeThrowawayDirectory,
  makeThrowawayRepository,
  THROWAWAY_PASSWORD,
} from '../testing/throwaway-repository.ts'
import { check } from './check.ts'
import { copySnapshot, planCopy } from './copy.ts'
import { forget } from './forget.ts'
import { listSnapshots } from './list-snapshots.ts'
import { prune } from './prune.ts'

const NEEDS_STOCK = { skip: STOCK_RESTIC_MISSING }
const SIGNAL = undefined

interface Place {
  readonly backend: Backend
  readonly repository: Repository
  readonly stock: StockResticOptions
  /** Backed up by stock restic as `source`. */
  readonly source: string
  readonly directory: string
}

/** A repository of ours, in which stock restic has two snapshots and we have one. */
async function makePlace(context: TestContext): Promise<Place> {
  const directory = await makeThrowawayDirectory()
  context.after(() => directory[Symbol.asyncDispose]())
  const backend = localBackendIn(directory.path)
  const made = await makeThrowawayRepository({ backend })
  context.after(() => made.dispose())
  const source = join(directory.path, 'source')
  const stock = {
    repository: join(directory.path, 'repository'),
    password: THROWAWAY_PASSWORD,
    cwd: directory.path,
  }
  await mkdir(join(source, 'sub', 'empty'), { recursive: true })
  await writeFile(join(source, 'large'), noise(1, 3_000_000))
  await writeFile(join(source, 'sub', 'text'), 'hello restic\n'.repeat(1000))
  await runStockRestic(['backup', 'source', '--tag', 'old'], stock)
  await writeFile(join(source, 'large'), noise(2, 2_500_000))
  await writeFile(join(source, 'sub', 'new'), 'new')
  await runStockRestic(['backup', 'source', '--tag', 'new'], stock)
  await made.repository.loadIndex(SIGNAL)
  const ours = {
    ours: noise(3, 150_000),
    sub: { text: Buffer.from('hello restic\n'.repeat(1000)) },
  }
  await saveSyntheticSnapshot(made.repository, ours, { second: 5, tags: ['ours'] })
  return { backend, repository: made.repository, stock, source, directory: directory.path }
}

async function pruneCompletely({ backend, repository }: Place): Promise<number> {
  const lock = await acquireLock({
    backend,
    key: repository.key,
    clock: systemClock,
    randomBytes: secureRandomBytes,
    exclusive: true,
    holder: { hostname: 'test', username: 'test', pid: process.pid, uid: 0, gid: 0 },
    signal: SIGNAL,
  })
  try {
    const options = { repository, lock, clock: systemClock, batchMs: 60_000, maxUnusedRatio: 0 }
    const result = await prune({ ...options, signal: SIGNAL })
    assert.equal(result.isDone, true)
    return result.freedBytes
  } finally {
    await lock.release()
  }
}

async function assertNoFindings({ repository }: Place): Promise<void> {
  const onProgress = () => undefined
  assert.deepEqual(await check({ repository, readData: true, onProgress, signal: SIGNAL }), [])
}

async function assertRestoredByStock({ stock, source, directory }: Place): Promise<void> {
  const target = join(directory, 'restored')
  await runStockRestic(['restore', '--tag', 'new', 'latest', '--target', target, '--verify'], stock)
  execFileSync('diff', ['-r', source, join(target, 'source')])
  await rm(target, { recursive: true })
}

async function assertOurs(repository: Repository): Promise<void> {
  await repository.loadIndex(SIGNAL)
  const [stored] = await listSnapshots({ repository, tags: ['ours'], signal: SIGNAL })
  assert.deepEqual(await readSyntheticSnapshot(repository, stored!.id), {
    ours: noise(3, 150_000),
    sub: { text: Buffer.from('hello restic\n'.repeat(1000)) },
  })
}

test('after our forget and prune it finds everything in order', NEEDS_STOCK, async (context) => {
  const place = await makePlace(context)
  await assertNoFindings(place)
  const { repository } = place
  await forget({ repository, selection: { tagLists: [['old']] }, signal: SIGNAL })
  const freed = await pruneCompletely(place)
  assert.ok(freed > 2_900_000, String(freed))
  await assertNoFindings(place)
  await assertStockCheck(place.stock)
  await assertRestoredByStock(place)
  await assertOurs(repository)
  // Stock restic goes on from there: its next snapshot knows what is stored.
  const backup = await runStockRestic(['backup', 'source', '--json'], place.stock)
  const summary = JSON.parse(backup.toString().trim().split('\n').at(-1)!)
  assert.equal(summary.data_blobs, 0)
})

test('after its forget and prune we find everything in order', NEEDS_STOCK, async (context) => {
  const place = await makePlace(context)
  const [old] = await listSnapshots({ ...place, tags: ['old'], signal: SIGNAL })
  await runStockRestic(['forget', old!.id], place.stock)
  await runStockRestic(['prune', '--max-unused', '0'], place.stock)
  await assertNoFindings(place)
  await assertOurs(place.repository)
  await assertRestoredByStock(place)
  assert.equal(await pruneCompletely(place), 0)
  await assertStockCheck(place.stock)
})

test('it reads our copies, and we read its copies', NEEDS_STOCK, async (context) => {
  const place = await makePlace(context)
  const elsewhere = await makeThrowawayDirectory()
  context.after(() => elsewhere[Symbol.asyncDispose]())
  const backend = localBackendIn(elsewhere.path)
  await using other = await makeThrowawayRepository({ backend })
  const to = other.repository
  const [latest] = await listSnapshots({ ...place, tags: ['new'], signal: SIGNAL })
  const plan = await planCopy({
    from: place.repository,
    to,
    snapshotId: latest!.id,
    signal: SIGNAL,
  })
  await copySnapshot({
    plan,
    relabel: {},
    onProgress: () => undefined,
    beforeSnapshot: async () => undefined,
    signal: SIGNAL,
  })
  const there = { ...place, backend, repository: to, directory: elsewhere.path }
  const stock = { ...place.stock, repository: join(elsewhere.path, 'repository') }
  await assertStockCheck(stock)
  await assertRestoredByStock({ ...there, stock })
  // Equal polynomials: stock restic cuts the source as it is cut in the copy.
  const backup = await runStockRestic(['backup', 'source', '--force', '--json'], stock)
  const summary = JSON.parse(backup.toString().trim().split('\n').at(-1)!)
  assert.equal(summary.data_blobs, 0)

  await runStockRestic(['copy', '--repo2', stock.repository, '--tag', 'ours'], {
    ...place.stock,
    environment: { RESTIC_PASSWORD2: THROWAWAY_PASSWORD },
  })
  await assertOurs(to)
  await assertNoFindings({ ...there, stock })
})

test('stock restic and we name the same damaged packs', NEEDS_STOCK, async (context) => {
  const place = await makePlace(context)
  await place.repository.loadIndex(SIGNAL)
  const packs = [...place.repository.index.packs()].filter(({ blobs }) => blobs[0]?.type === 'data')
  const [flipped, truncated, missing] = packs.map(({ id }) => id)
  assert.ok(flipped !== undefined && truncated !== undefined && missing !== undefined)
  const pathOf = (id: PackId) => join(place.stock.repository, 'data', id.slice(0, 2), id)
  const content = await place.backend.load({ kind: 'data', name: flipped }, undefined, SIGNAL)
  content[500]! ^= 1
  await rm(pathOf(flipped))
  await writeFile(pathOf(flipped), content)
  assert.deepEqual(await damagedPacks(place, flipped), ['blob-corrupt', 'pack-corrupt'])
  await assertStockNames(place, ['check', '--read-data'], [flipped])

  await truncate(pathOf(truncated), 1000)
  await rm(pathOf(missing))
  assert.deepEqual(await damagedPacks(place, truncated), ['pack-truncated'])
  assert.deepEqual(await damagedPacks(place, missing), ['pack-missing'])
  // Not with --read-data: stock restic tries for a minute to read what is not there.
  await assertStockNames(place, ['check'], [truncated, missing])
})

/** Codes of the findings that name the pack. */
async function damagedPacks({ repository }: Place, id: PackId): Promise<string[]> {
  const onProgress = () => undefined
  const findings = await check({ repository, readData: true, onProgress, signal: SIGNAL })
  return findings.filter(({ message }) => message.includes(id)).map(({ code }) => code)
}

async function assertStockNames(
  { stock }: Place,
  command: readonly string[],
  ids: readonly PackId[],
): Promise<void> {
  const { exitCode, stdout, stderr } = await tryStockRestic(command, stock)
  assert.notEqual(exitCode, 0)
  const output = `${stdout}${stderr}`
  for (const id of ids) assert.ok(output.includes(id.slice(0, 8)), output)
}

test('a repository of version 1, before and after its upgrade', NEEDS_STOCK, async (context) => {
  await using directory = await makeThrowawayDirectory()
  const stock = {
    repository: join(directory.path, 'repository'),
    password: 'secret',
    cwd: directory.path,
  }
  const source = join(directory.path, 'source')
  await mkdir(source)
  await runStockRestic(['init', '--repository-version', '1'], stock)
  for (const tag of ['old', 'new']) {
    await writeFile(join(source, 'file'), `${tag}\n`.repeat(100_000))
    await writeFile(join(source, tag), noise(tag.length, 200_000))
    await runStockRestic(['backup', 'source', '--tag', tag], stock)
  }
  const backend = localBackendIn(directory.path)
  async function openPlace(): Promise<Place> {
    const repository = await openRepository({
      backend,
      credentials: { password: stock.password },
      randomBytes: secureRandomBytes,
      workers: 0,
      signal: SIGNAL,
    })
    context.after(() => repository.close())
    await repository.loadIndex(SIGNAL)
    return { backend, repository, stock, source, directory: directory.path }
  }

  const place = await openPlace()
  assert.equal(place.repository.config.version, 1)
  await assertNoFindings(place)
  await forget({ ...place, selection: { tagLists: [['old']] }, signal: SIGNAL })
  assert.ok((await pruneCompletely(place)) > 0)
  await saveSyntheticSnapshot(place.repository, { ours: noise(9, 70_000) }, { second: 1, tags: [] })
  await assertNoFindings(place)
  await assertStockCheck(stock)

  await runStockRestic(['migrate', 'upgrade_repo_v2'], stock)
  const upgraded = await openPlace()
  assert.equal(upgraded.repository.config.version, 2)
  await saveSyntheticSnapshot(
    upgraded.repository,
    { more: Buffer.alloc(90_000) },
    { second: 2, tags: [] },
  )
  await pruneCompletely(upgraded)
  await assertNoFindings(upgraded)
  await assertStockCheck(stock)
  await assertRestoredByStock(upgraded)
})

test('prune is refused while stock restic writes', NEEDS_STOCK, async (context) => {
  const place = await makePlace(context)
  const locks = join(place.stock.repository, 'locks')
  const writer = spawn(
    STOCK_RESTIC!,
    ['--no-cache', '-r', place.stock.repository, 'backup', '--stdin'],
    {
      env: { RESTIC_PASSWORD: THROWAWAY_PASSWORD, HOME: '/nonexistent' },
      stdio: ['pipe', 'ignore', 'ignore'],
    },
  )
  const ended = new Promise((resolve) => writer.once('exit', resolve))
  context.after(() => writer.kill('SIGKILL'))
  while (!(await readdir(locks)).some((name) => /^[0-9a-f]{64}$/.test(name))) {
    assert.equal(writer.exitCode, null, 'restic ended before it took its lock')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await assert.rejects(
    pruneCompletely(place),
    (error) => failureOf(error, 'repository-locked')?.exclusive === false,
  )
  writer.stdin.end('from stdin')
  assert.equal(await ended, 0)
  await pruneCompletely(place)
  await assertStockCheck(place.stock)
})
