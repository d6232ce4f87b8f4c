// The memory guarantee on S3, and what a server that goes away in the middle does to a backup.
import assert from 'node:assert/strict'
import { closeSync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { MoverJob, MoverResults } from '@holdfast/domain'
import { noise, S3_SERVER_MISSING, type S3Server, startS3Server } from '@holdfast/engine/testing'
import { resultOfMover, startMover } from './testing/mover-process.ts'
import { backupJob, makeWorkplace, restoreJob } from './testing/test-repository.ts'
import { makeRepositoryOnS3 } from './testing/test-s3-store.ts'

const skip = S3_SERVER_MISSING
const work = makeWorkplace('mover-s3-heavy')
let server: S3Server
before(async () => {
  if (skip === false) server = await startS3Server()
})
after(async () => {
  await server?.stop()
  work.remove()
})

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
  console.log(`${job.kind} on S3: VmHWM ${Math.round(peak / 1024)} MiB`)
  assert.ok(peak <= PEAK_KIBIBYTES_MAX, `${job.kind} took ${peak} KiB`)
  return last.result as MoverResults[Job['kind']]
}

test('one file of 4 GiB, sparse on the disk, through S3', { skip }, async () => {
  const source = at('large')
  mkdirSync(source)
  const handle = openSync(join(source, 'file'), 'w')
  ftruncateSync(handle, 4 * GIBIBYTE)
  for (let n = 0; n < 48; n += 1) {
    const data = noise(n, 8 * MEBIBYTE)
    writeSync(handle, data, 0, data.length, n * 80 * MEBIBYTE + 12_345)
  }
  closeSync(handle)
  const access = await makeRepositoryOnS3(server)
  const backup = await runWithinMemory(backupJob({ access }, source))
  assert.equal(backup.captured.bytes, 4 * GIBIBYTE)
  const restore = restoreJob({ access }, backup.repositorySnapshotID, at('large-out'))
  assert.deepEqual((await runWithinMemory(restore)).restored, backup.captured)
  const check = { kind: 'check', repository: access, readData: true } as const
  assert.deepEqual(await runWithinMemory(check), { findings: [] })
})

test('a mover that is stopped in mid-upload gives its lock back', { skip }, async () => {
  const access = await makeRepositoryOnS3(server)
  const source = at('stopped')
  mkdirSync(source)
  const handle = openSync(join(source, 'file'), 'w')
  for (let n = 0; n < 64; n += 1) writeSync(handle, noise(n, 8 * MEBIBYTE))
  closeSync(handle)
  const mover = startMover(backupJob({ access }, source))
  await mover.waitFor((event) => event.event === 'progress' && event.bytesDone > 0)
  mover.child.kill('SIGTERM')
  assert.equal((await mover.ended).stderr, '')
  assert.deepEqual(mover.events.at(-1), { event: 'failed', failure: { code: 'stopped' } })
  const keys = await server.keysIn(access.store.bucket)
  assert.ok(!keys.some((key) => key.includes('/locks/')))
  const check = { kind: 'check', repository: access, readData: true } as const
  const { findings } = await resultOfMover(check)
  assert.ok(!findings.some(({ severity }) => severity === 'error'))
})
