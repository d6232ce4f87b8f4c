// The memory guarantee for streams: at most 512 MiB a mover, however long they are, also when the
// store is slow, and when the command is.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { MoverJob, MoverResults } from '@holdfast/domain'
import { noise, S3_SERVER_MISSING, type S3Server, startS3Server } from '@holdfast/engine/testing'
import { startMover } from './testing/mover-process.ts'
import { startSlowProxy } from './testing/slow-proxy.ts'
import { makeRepository, makeWorkplace } from './testing/test-repository.ts'
import { makeRepositoryOnS3 } from './testing/test-s3-store.ts'
import { streamBackupJob, streamRestoreJob } from './testing/test-stream.ts'

const MEBIBYTE = 1024 ** 2
const PEAK_KIBIBYTES_MAX = 512 * 1024
const STORE_BYTES_PER_SECOND = 24 * MEBIBYTE
/** Of the base, and of what is new each time. */
const DUMP_BYTES = 194 * MEBIBYTE

const work = makeWorkplace('mover-stream-memory')
const base = join(work.path, 'base')
let server: S3Server
before(async () => {
  writeFileSync(base, noise(1, 192 * MEBIBYTE))
  if (S3_SERVER_MISSING === false) server = await startS3Server()
})
after(async () => {
  await server?.stop()
  work.remove()
})

/** Runs a job that must succeed and holds its process to the guarantee. */
async function runWithinMemory<Job extends MoverJob>(job: Job): Promise<MoverResults[Job['kind']]> {
  const startedAt = performance.now()
  const mover = startMover(job, { programArguments: ['--tell-peak'] })
  const { stderr, signal } = await mover.ended
  const last = mover.events.at(-1)
  assert.ok(last?.event === 'result', `${JSON.stringify(last)} ${signal} ${stderr}`)
  const peak = Number(/^peak (\d+) KiB$/m.exec(stderr)?.[1])
  const seconds = Math.round((performance.now() - startedAt) / 1000)
  console.log(`${job.kind}: VmHWM ${Math.round(peak / 1024)} MiB, ${seconds} s`)
  assert.ok(peak <= PEAK_KIBIBYTES_MAX, `${job.kind} took ${peak} KiB`)
  return last.result as MoverResults[Job['kind']]
}

/** The same data again and again, and a little that is new each time, as the dumps of a database. */
function dumps(count: number): string {
  const fresh = 'openssl enc -aes-128-ctr -pass pass:$n -nosalt -in /dev/zero 2> /dev/null'
  return `for n in $(seq ${count}); do cat ${base}; ${fresh} | head -c ${2 * MEBIBYTE}; done`
}

test('10 GB through a slow store', { skip: S3_SERVER_MISSING }, async () => {
  const access = await makeRepositoryOnS3(server)
  await using proxy = await startSlowProxy(server.endpoint, STORE_BYTES_PER_SECOND)
  const slow = { ...access, store: { ...access.store, endpoint: proxy.endpoint } }
  const count = Math.ceil(10e9 / DUMP_BYTES)
  const result = await runWithinMemory(streamBackupJob({ access: slow }, dumps(count)))
  assert.equal(result.sizeBytes, count * DUMP_BYTES)
  assert.ok(result.addedBytes < 1000 * MEBIBYTE, `${result.addedBytes}`)
  // All but what the mover itself may hold has gone through before the command could end.
  const slowBytes = result.addedBytes - 128 * MEBIBYTE
  assert.ok(result.command.durationMs > (slowBytes / STORE_BYTES_PER_SECOND) * 1000)
})

test('1 GiB for a command that reads now and then', async () => {
  const repository = await makeRepository(join(work.path, 'repository'))
  const { sizeBytes, repositorySnapshotID } = await runWithinMemory(
    streamBackupJob(repository, dumps(5)),
  )
  const script = `${dumps(5)} > ${join(work.path, 'expected')}; sleep 5; cmp - ${join(work.path, 'expected')}`
  const job = streamRestoreJob(repository, repositorySnapshotID, script)
  const { command } = await runWithinMemory(job)
  assert.equal(command.streamedBytes, sizeBytes)
})
