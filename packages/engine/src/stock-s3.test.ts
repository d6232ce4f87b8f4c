// Stock restic and we on the same S3 server: each reads what the other wrote, and locks hold.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { s3Backend } from './backend/s3.ts'
import { systemClock } from './clock.ts'
import { check } from './commands/check.ts'
import { secureRandomBytes } from './crypto/random.ts'
import { failureOf } from './engine-failure.ts'
import { acquireLock } from './lock/repository-lock.ts'
import { openRepository } from './open-repository.ts'
import { awkwardTreeOptions, describeTree, makeAwkwardTree } from './testing/awkward-tree.ts'
import { backUp, restoreInto, snapshotOf } from './testing/backup-run.ts'
import { S3_SERVER_MISSING, type S3Server, startS3Server } from './testing/s3-server.ts'
import {
  assertStockCheck,
  runStockRestic,
  STOCK_RESTIC_MISSING,
  tryStockRestic,
} from './testing/stock-restic.ts'
import { makeThrowawayRepository, THROWAWAY_PASSWORD } from './testing/throwaway-repository.ts'

const skip = STOCK_RESTIC_MISSING || S3_SERVER_MISSING
const base = mkdtempSync(join(tmpdir(), 'holdfast-stock-s3-'))
const source = join(base, 'shop', 'data')
let server: S3Server

before(async () => {
  if (skip !== false) return
  server = await startS3Server()
  mkdirSync(source, { recursive: true })
  makeAwkwardTree(Buffer.from(source), awkwardTreeOptions({ path: base, isStockSafe: true }))
})
after(async () => {
  await server?.stop()
  rmSync(base, { recursive: true, force: true })
})

async function makePlace() {
  const bucket = await server.makeBucket()
  const prefix = 'accounts/one'
  const backend = s3Backend(server.optionsFor(bucket, prefix))
  const stock = { password: THROWAWAY_PASSWORD, ...server.resticPlace(bucket, prefix) }
  assert.equal(backend.url, stock.repository)
  return { backend, stock }
}

test('restic checks and restores what we wrote to S3, and extends it', { skip }, async () => {
  const { backend, stock } = await makePlace()
  await using made = await makeThrowawayRepository({ backend, workers: 1 })
  snapshotOf(await backUp(made.repository, source))
  await assertStockCheck(stock)
  const out = join(base, 'ours-out')
  await runStockRestic(['restore', 'latest', '--target', out], stock)
  assert.deepEqual(
    describeTree(Buffer.from(join(out, 'shop/data'))),
    describeTree(Buffer.from(source)),
  )
  await runStockRestic(['backup', source], stock)
  await runStockRestic(['forget', '--keep-last', '1', '--group-by', '', '--prune'], stock)
  const findings = await check({
    repository: await made.reopen(),
    readData: true,
    onProgress: () => undefined,
    signal: undefined,
  })
  assert.deepEqual(findings, [])
})

test('we restore what restic wrote to S3', { skip }, async () => {
  const { backend, stock } = await makePlace()
  await runStockRestic(['init', '--repository-version', '2'], stock)
  await runStockRestic(['backup', source], stock)
  const repository = await openRepository({
    backend,
    credentials: { password: THROWAWAY_PASSWORD },
    randomBytes: secureRandomBytes,
    workers: 0,
    signal: undefined,
  })
  try {
    await repository.loadIndex(undefined)
    const [found] = await Array.fromAsync(repository.listSnapshots(undefined))
    const out = join(base, 'theirs-out')
    assert.ok(found !== undefined)
    await restoreInto(repository, found.id, out, { logicalPath: source })
    assert.deepEqual(describeTree(Buffer.from(out)), describeTree(Buffer.from(source)))
  } finally {
    await repository.close()
  }
})

test('locks on S3 keep out restic and ourselves', { skip }, async () => {
  const { backend, stock } = await makePlace()
  await using made = await makeThrowawayRepository({ backend })
  const options = {
    backend,
    key: made.key,
    clock: systemClock,
    randomBytes: secureRandomBytes,
    holder: { hostname: hostname(), username: 'u', pid: process.pid, uid: 0, gid: 0 },
    signal: undefined,
  }
  const exclusive = await acquireLock({ ...options, exclusive: true })
  await assert.rejects(acquireLock({ ...options, exclusive: false }), (error) =>
    Boolean(failureOf(error, 'repository-locked')),
  )
  const refused = await tryStockRestic(['snapshots'], stock)
  assert.match(refused.stderr, /locked exclusively by PID/)
  await exclusive.assertHeld(undefined)
  await exclusive.release()
  const shared = [false, false].map((mode) => acquireLock({ ...options, exclusive: mode }))
  for (const lock of await Promise.all(shared)) await lock.release()
  assert.deepEqual(await Array.fromAsync(backend.list('locks', undefined)), [])
  await runStockRestic(['snapshots'], stock)
})
