// Processes that are killed while they back up, forget and prune: nothing that they acknowledged
// is lost, and neither check nor stock restic finds an error.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../clock.ts'
import type { SnapshotId } from '../format/ids.ts'
import { removeLocksOfHosts } from '../lock/list-locks.ts'
import { noise } from '../testing/awkward-tree.ts'
import { churnContent } from '../testing/churn-content.ts'
import { assertStockCheck, STOCK_RESTIC } from '../testing/stock-restic.ts'
import { readSyntheticSnapshot } from '../testing/synthetic-snapshot.ts'
import { testLock } from '../testing/test-lock.ts'
import {
  localBackendIn,
  makeThrowawayDirectory,
  makeThrowawayRepository,
  THROWAWAY_PASSWORD,
  type ThrowawayRepository,
} from '../testing/throwaway-repository.ts'
import { check } from './check.ts'
import { prune } from './prune.ts'

const CHURN = fileURLToPath(new URL('../testing/fixtures/churn-repository.ts', import.meta.url))
const KILLS = 30
/** A round of backup, forget and prune takes about a second, most of it waiting for locks. */
const LIFE_MS_MAX = 2500
const LEFTOVER_HINTS = ['unreferenced-pack', 'pack-in-several-indexes', 'stray-temp-file']

test(`killed ${KILLS} times at any moment, a repository stays whole`, async (context) => {
  await using directory = await makeThrowawayDirectory()
  await using made = await makeThrowawayRepository({ backend: localBackendIn(directory.path) })
  const path = join(directory.path, 'repository')
  const acknowledged = new Map<SnapshotId, number>()
  // Drawn once for all runs, so that a failure can be repeated as nearly as time allows.
  const lives = noise(1, KILLS)
  let hadLeftovers = false
  for (const [round, byte] of lives.entries()) {
    const lifeMs = Math.round((byte / 255) * LIFE_MS_MAX)
    await runUntilKilled({ made, path, first: round * 1000, lifeMs, acknowledged })
    const place = { backend: made.backend, key: made.key, clock: systemClock }
    await removeLocksOfHosts(place, ['churn'], undefined)
    const codes = await assertWhole(made, acknowledged, LEFTOVER_HINTS)
    hadLeftovers ||= codes.length > 0
  }
  assert.ok(acknowledged.size > 0, 'no process lived long enough')
  assert.ok(hadLeftovers, 'no process was killed in the middle of its work')
  const repository = await made.reopen()
  const options = { repository, lock: testLock(), clock: systemClock, maxUnusedRatio: 0 }
  const { isDone } = await prune({ ...options, batchMs: 60_000, signal: undefined })
  assert.equal(isDone, true)
  await assertWhole(made, acknowledged, [])
  if (STOCK_RESTIC === undefined) context.diagnostic('stock restic is missing: not compared')
  else await assertStockCheck({ repository: path, password: THROWAWAY_PASSWORD })
})

interface ChurnRun {
  readonly made: ThrowawayRepository
  readonly path: string
  /** Number of the first snapshot. */
  readonly first: number
  readonly lifeMs: number
  /** Snapshots that must be there, and their numbers; brought up to date. */
  readonly acknowledged: Map<SnapshotId, number>
}

async function runUntilKilled({
  made,
  path,
  first,
  lifeMs,
  acknowledged,
}: ChurnRun): Promise<void> {
  const { encrypt, macK, macR } = made.key
  const parts = [encrypt, macK, macR].map((part) => Buffer.from(part).toString('hex'))
  const child = spawn(process.execPath, [CHURN, path, ...parts, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })
  lines.on('line', (line) => {
    const said = JSON.parse(line)
    if (said.saved !== undefined) acknowledged.set(said.saved, said.number)
    else if (said.forgotten !== undefined) acknowledged.delete(said.forgotten)
  })
  const drained = once(lines, 'close')
  // Its first line says that it is about to begin; what the start took does not count.
  await Promise.race([once(lines, 'line'), ended])
  await new Promise((resolve) => setTimeout(resolve, lifeMs))
  child.kill('SIGKILL')
  const [exitCode, signal] = await ended
  assert.deepEqual([exitCode, signal], [null, 'SIGKILL'], 'the process failed by itself')
  await drained
}

/** Answers the codes of what was found. */
async function assertWhole(
  made: ThrowawayRepository,
  acknowledged: ReadonlyMap<SnapshotId, number>,
  allowed: readonly string[],
): Promise<string[]> {
  const repository = await made.reopen()
  const onProgress = () => undefined
  const findings = await check({ repository, readData: true, onProgress, signal: undefined })
  assert.deepEqual(
    findings.filter(({ code }) => !allowed.includes(code)),
    [],
  )
  for (const [id, number] of acknowledged) {
    assert.deepEqual(await readSyntheticSnapshot(repository, id), churnContent(number))
  }
  await repository.close()
  return findings.map(({ code }) => code)
}
