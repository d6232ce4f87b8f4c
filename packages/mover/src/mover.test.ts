import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { encodePathBytes, type MoverEvent, NAMED_ENTRIES_MAX } from '@holdfast/domain'
import { awkwardTreeOptions, describeTree, makeAwkwardTree } from '@holdfast/engine/testing'
import {
  failureOfMover,
  resultOfMover,
  runMoverHere,
  runMoverProcess,
} from './testing/mover-process.ts'
import {
  backupJob,
  LOCK_HOSTNAME,
  lockNames,
  makeRepository,
  makeWorkplace,
  PASSWORD,
  restoreJob,
} from './testing/test-repository.ts'

const work = makeWorkplace('mover')
after(() => work.remove())

function at(...parts: string[]): string {
  return join(work.path, ...parts)
}

const bytesOf = Buffer.from

test('every kind of job does its work', async () => {
  const repository = await makeRepository(at('story'))
  const { access } = repository
  const source = at('story-source/shop/data')
  mkdirSync(source, { recursive: true })
  makeAwkwardTree(bytesOf(source), awkwardTreeOptions({ path: work.path, isStockSafe: false }))
  const tags = ['holdfast', 'backup=one', 'namespace=shop', 'volume=data', 'attempt=1']
  const job = backupJob(repository, source, { label: { tags } })

  const { events, last } = await runMoverProcess(job)
  assertProtocol(events)
  assert.ok(last.event === 'result')
  const backup = await resultOfMover(job)
  assert.deepEqual(last.result, backup, 'a repeated job finds what it did')
  assert.deepEqual(backup.expected, backup.captured)

  const label = { ...job.label, logicalPath: '/holdfast/backup.json' }
  const describe = { kind: 'describe', repository: access, label, description: { a: 1 } } as const
  const first = await resultOfMover(describe)
  const second = await resultOfMover({ ...describe, description: { a: 2 } })
  const listed = await resultOfMover({ kind: 'list', repository: access, tags: ['backup=one'] })
  assert.deepEqual(
    listed.snapshots.map(({ id, paths }) => `${id} ${paths}`).toSorted(),
    [
      `${backup.repositorySnapshotID} /shop/data`,
      `${second.repositorySnapshotID} /holdfast/backup.json`,
    ].toSorted(),
    `the description that was replaced (${first.repositorySnapshotID}) is gone`,
  )

  const restore = restoreJob(repository, backup.repositorySnapshotID, at('story-out'))
  const restored = await runMoverHere(restore)
  assertProtocol(restored.events)
  assert.deepEqual(describeTree(bytesOf(at('story-out'))), describeTree(bytesOf(source)))

  const other = await makeRepository(at('story-other'))
  const copyTags = ['holdfast', 'backup=two', 'namespace=shop', 'volume=data']
  const copyJob = {
    kind: 'copy',
    from: access,
    to: other.access,
    repositorySnapshotID: backup.repositorySnapshotID,
  } as const
  const copied = await resultOfMover({
    ...copyJob,
    label: { ...job.label, tags: [...copyTags, 'attempt=1'] },
  })
  const copiedAgain = await resultOfMover({
    ...copyJob,
    label: { ...job.label, time: '2030-01-01T00:00:00Z', tags: [...copyTags, 'attempt=2'] },
  })
  assert.deepEqual(copiedAgain, copied, 'whichever attempt counts')
  assert.deepEqual(copied.copied, backup.captured)
  await resultOfMover(restoreJob(other, copied.repositorySnapshotID, at('story-out-2')))
  assert.deepEqual(describeTree(bytesOf(at('story-out-2'))), describeTree(bytesOf(source)))

  const check = { kind: 'check', repository: access, readData: true } as const
  assert.deepEqual(await resultOfMover(check), { findings: [] })
  const tagLists = [['holdfast', 'backup=one']]
  const forgotten = await resultOfMover({ kind: 'forget', repository: access, tagLists })
  assert.equal(forgotten.forgotten.length, 2)
  const pruned = await resultOfMover({ kind: 'prune', repository: access, batchMs: 60_000 })
  assert.equal(pruned.isDone, true)
  assert.ok(pruned.freedBytes > 3_000_000)
  assert.deepEqual(
    readdirSync(join(repository.path, 'data')).flatMap((d) => filesIn(d)),
    [],
  )
  assert.deepEqual(lockNames(repository), [])

  function filesIn(directory: string): string[] {
    return readdirSync(join(repository.path, 'data', directory))
  }
})

test('init makes a repository once and opens it afterwards', async () => {
  const store = { kind: 'local', path: at('init') } as const
  const job = { kind: 'init', store, password: PASSWORD, lockHostname: LOCK_HOSTNAME } as const
  const made = await resultOfMover({ ...job, polynomial: '3da3358b4dc173' })
  assert.equal(made.polynomial, '3da3358b4dc173')
  assert.equal(made.created, true)
  assert.deepEqual(await resultOfMover(job), { ...made, created: false })
  assert.deepEqual(await failureOfMover({ ...job, password: 'wrong' }), { code: 'wrong-password' })
  const reducible = {
    ...job,
    store: { ...store, path: at('init-2') },
    polynomial: '3da3358b4dc171',
  }
  assert.equal((await failureOfMover(reducible)).code, 'invalid-job')
})

test('an unreadable entry is named and keeps the backup from having a snapshot', async () => {
  const repository = await makeRepository(at('missed'))
  // The kernel refuses to open two files there for reading, whoever asks.
  const result = await resultOfMover(backupJob(repository, '/sys/bus/cpu'))
  assert.ok(result.missed.some(({ path }) => path === 'drivers_probe'))
  assert.equal(result.missedCount, result.missed.length)
  assert.equal(result.expected.entries - result.captured.entries, result.missedCount)
  assert.equal(result.repositorySnapshotID, '')
  const list = { kind: 'list', repository: repository.access, tags: [] } as const
  assert.deepEqual(await resultOfMover(list), { snapshots: [] })
})

test('failures say what failed', async () => {
  const repository = await makeRepository(at('failures'))
  const { access } = repository
  const source = at('failures-source')
  mkdirSync(source)
  writeFileSync(join(source, 'file'), 'x')
  const { repositorySnapshotID } = await resultOfMover(backupJob(repository, source))
  const gone = at('gone')
  assert.deepEqual(await failureOfMover(backupJob(repository, gone)), {
    code: 'source-vanished',
    path: gone,
  })
  const file = await failureOfMover(backupJob(repository, join(source, 'file')))
  assert.equal(file.code, 'source-vanished', 'a file is no directory')
  const unknown = 'ab'.repeat(32)
  assert.deepEqual(await failureOfMover(restoreJob(repository, unknown, at('failures-out'))), {
    code: 'snapshot-not-found',
    repositorySnapshotID: unknown,
  })
  const toNowhere = {
    ...restoreJob(repository, repositorySnapshotID, at('failures-out')),
    targetPath: encodePathBytes(bytesOf(at('no/such/target'))),
  }
  assert.equal((await failureOfMover(toNowhere)).code, 'target-not-writable')
  const store = { kind: 'local', path: at('nothing') } as const
  assert.deepEqual(
    await failureOfMover({ kind: 'check', repository: { ...access, store }, readData: false }),
    { code: 'repository-not-found', location: at('nothing') },
  )
  const wrongKeys = { ...access, keys: { ...access.keys, macK: 'AAAAAAAAAAAAAAAAAAAAAA==' } }
  const list = { kind: 'list', repository: wrongKeys, tags: [] } as const
  assert.equal((await failureOfMover(list)).code, 'repository-damaged')
  assert.deepEqual(readdirSync(at('failures-out')), [])
  assert.deepEqual(lockNames(repository), [])
})

test('what is no job is refused without quoting it', async () => {
  const repository = at('nowhere')
  const lines: readonly string[] = [
    'no json, but a secret',
    '[]',
    '{"kind":"secret"}',
    '{"kind":"__proto__"}',
    '{"kind":"prune","repository":{}}',
    JSON.stringify({ kind: 'forget', repository: { path: repository }, tagLists: [[]] }),
    JSON.stringify({ ...restoreJobText, targetPath: 'relative' }),
    JSON.stringify({ ...restoreJobText, targetPath: '/bad%zz' }),
  ]
  for (const line of lines) {
    const failure = await failureOfMover(line)
    assert.ok(failure.code === 'invalid-job', line)
    assert.ok(!failure.reason.includes('secret'))
  }
})

const restoreJobText = {
  kind: 'restore',
  repository: {},
  repositorySnapshotID: 'ab'.repeat(32),
  logicalPath: '/a/b',
}

test('warnings are named up to a limit and all counted', async () => {
  const repository = await makeRepository(at('many'))
  const source = at('many-source')
  mkdirSync(source)
  const servers = Array.from({ length: 120 }, () => createServer())
  for (const [n, server] of servers.entries()) {
    server.listen(join(source, `socket-${n}`))
    await once(server, 'listening')
  }
  const { events, last } = await runMoverHere(backupJob(repository, source))
  for (const server of servers) server.close()
  assert.ok(last.event === 'result' && 'warningCount' in last.result)
  assert.equal(last.result.warningCount, 120)
  assert.equal(last.result.warnings.length, NAMED_ENTRIES_MAX)
  assert.equal(events.filter(({ event }) => event === 'warning').length, NAMED_ENTRIES_MAX)
})

test('secrets are nowhere but on stdin', async () => {
  const repository = await makeRepository(at('secrets'))
  const source = at('secrets-source')
  mkdirSync(source)
  const { events } = await runMoverHere(backupJob(repository, source))
  const { encrypt, macK, macR } = repository.access.keys
  const written = JSON.stringify(events)
  for (const secret of [encrypt, macK, macR]) assert.ok(!written.includes(secret))
  for (const name of readdirSync(repository.path, { recursive: true, encoding: 'utf8' })) {
    if (!/^(keys|config|snapshots|index)/.test(name) || !name.includes('/')) continue
    const content = readFileSync(join(repository.path, name))
    for (const secret of [encrypt, macK]) assert.ok(!content.includes(secret))
  }
})

/** `scanned`, then progress that never goes back, and one last event. */
function assertProtocol(events: readonly MoverEvent[]): void {
  const names = events.map(({ event }) => event)
  assert.equal(names[0], 'scanned')
  assert.deepEqual(
    names.filter((name) => name === 'result' || name === 'failed'),
    [names.at(-1)],
  )
  let bytes = 0
  for (const event of events) {
    if (event.event !== 'progress') continue
    assert.ok(event.bytesDone >= bytes && event.bytesDone <= event.totalBytes)
    bytes = event.bytesDone
  }
}
