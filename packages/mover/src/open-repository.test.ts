// How a job gives its repository back.
import assert from 'node:assert/strict'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { after, test } from 'node:test'
import { secureRandomBytes, systemClock } from '@holdfast/engine'
import { startReporter } from './event-reporter.ts'
import { withLockedRepository } from './open-repository.ts'
import { lockNames, makeRepository, makeWorkplace } from './testing/test-repository.ts'

const place = makeWorkplace('open-repository')
after(() => place.remove())

test('a lock that cannot be given back does not hide why the work failed', async () => {
  const repository = await makeRepository(join(place.path, 'repository'))
  const locks = join(repository.path, 'locks')
  const reporter = startReporter(new PassThrough())
  const context = {
    clock: systemClock,
    randomBytes: secureRandomBytes,
    process: { username: 'test', pid: process.pid, uid: 0, gid: 0 },
    reporter,
    workers: 1,
    readers: 1,
    signal: new AbortController().signal,
  }
  const work = withLockedRepository(context, repository.access, 'shared', async () => {
    assert.equal(lockNames(repository).length, 1)
    // What is no directory has no file that could be removed.
    renameSync(locks, `${locks}-away`)
    writeFileSync(locks, '')
    throw new Error('the work failed')
  })
  try {
    await assert.rejects(work, /^Error: the work failed$/)
  } finally {
    await reporter.finish({ event: 'failed', failure: { code: 'stopped' } })
  }
})
