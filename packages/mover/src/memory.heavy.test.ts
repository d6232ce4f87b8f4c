// The memory guarantee: at most 512 MiB a mover, whatever it backs up or restores.
import assert from 'node:assert/strict'
import { closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { MoverJob, MoverResults } from '@holdfast/domain'
import { noise } from '@holdfast/engine/testing'
import { startMover } from './testing/mover-process.ts'
import { backupJob, makeRepository, makeWorkplace, restoreJob } from './testing/test-repository.ts'

const work = makeWorkplace('mover-memory')
after(() => work.remove())

const PEAK_KIBIBYTES_MAX = 512 * 1024
const GIBIBYTE = 1024 ** 3
const MEBIBYTE = 1024 ** 2

function at(...parts: string[]): string {
  return join(work.path, ...parts)
}

/** Runs a job that must succeed and holds its process to the guarantee. */
async function runWithinMemory<Job extends MoverJob>(job: Job): Promise<MoverResults[Job['kind']]> {
  const mover = startMover(job, { programArguments: ['--tell-peak'] })
  const { stderr, signal } = await mover.ended
  const last = mover.events.at(-1)
  assert.ok(last?.event === 'result', `${JSON.stringify(last)} ${signal} ${stderr}`)
  const peak = Number(/^peak (\d+) KiB$/m.exec(stderr)?.[1])
  console.log(`${job.kind}: VmHWM ${Math.round(peak / 1024)} MiB`)
  assert.ok(peak <= PEAK_KIBIBYTES_MAX, `${job.kind} took ${peak} KiB`)
  return last.result as MoverResults[Job['kind']]
}

test('a tree of 200,000 files', async () => {
  const source = at('tree')
  for (let d = 0; d < 200; d += 1) {
    mkdirSync(join(source, `d${d}`), { recursive: true })
    for (let f = 0; f < 1000; f += 1) {
      writeFileSync(join(source, `d${d}/file-${f}`), `${d}/${f} `.repeat(20 + (f % 200)))
    }
  }
  const repository = await makeRepository(at('tree-repository'))
  const job = backupJob(repository, source)
  const first = await runWithinMemory(job)
  assert.equal(first.captured.entries, 200_201)
  const second = await runWithinMemory(job)
  assert.deepEqual([second.filesUnmodified, second.addedBytes], [200_000, 0])
  const restore = restoreJob(repository, first.repositorySnapshotID, at('tree-out'))
  const { restored } = await runWithinMemory(restore)
  assert.deepEqual(restored, first.captured)
  const check = { kind: 'check', repository: repository.access, readData: true } as const
  assert.deepEqual(await runWithinMemory(check), { findings: [] })
})

test('one directory of 200,000 entries', async () => {
  const source = at('wide')
  mkdirSync(source)
  for (let f = 0; f < 200_000; f += 1) writeFileSync(join(source, `file-${f}`), '')
  const repository = await makeRepository(at('wide-repository'))
  const { captured, repositorySnapshotID } = await runWithinMemory(backupJob(repository, source))
  assert.equal(captured.entries, 200_001)
  const restore = restoreJob(repository, repositorySnapshotID, at('wide-out'))
  assert.deepEqual((await runWithinMemory(restore)).restored, captured)
})

test('one file of 4 GiB, sparse on the disk', async () => {
  const source = at('large')
  mkdirSync(source)
  const handle = openSync(join(source, 'file'), 'w')
  ftruncateSync(handle, 4 * GIBIBYTE)
  for (let n = 0; n < 32; n += 1) {
    const data = noise(n, 8 * MEBIBYTE)
    writeSync(handle, data, 0, data.length, n * 128 * MEBIBYTE + 12_345)
  }
  closeSync(handle)
  const repository = await makeRepository(at('large-repository'))
  const { captured, repositorySnapshotID } = await runWithinMemory(backupJob(repository, source))
  assert.equal(captured.bytes, 4 * GIBIBYTE)
  const restore = restoreJob(repository, repositorySnapshotID, at('large-out'))
  assert.deepEqual((await runWithinMemory(restore)).restored, captured)
})
