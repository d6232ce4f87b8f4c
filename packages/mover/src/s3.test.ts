// Every kind of job on a real S3 server, and a mover that is killed there.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { MoverEvent, RepositoryAccess } from '@holdfast/domain'
import {
  describeTree,
  noise,
  S3_SERVER_MISSING,
  type S3Server,
  startS3Server,
} from '@holdfast/engine/testing'
import {
  failureOfMover,
  type MoverProcess,
  resultOfMover,
  startMover,
} from './testing/mover-process.ts'
import {
  backupJob,
  LOCK_HOSTNAME,
  makeRepository,
  makeRepositoryIn,
  makeWorkplace,
  restoreJob,
} from './testing/test-repository.ts'
import { makeRepositoryOnS3, s3StoreAt } from './testing/test-s3-store.ts'

const skip = S3_SERVER_MISSING
const work = makeWorkplace('mover-s3')
let server: S3Server
before(async () => {
  if (skip === false) server = await startS3Server()
})
after(async () => {
  await server?.stop()
  work.remove()
})

function at(...parts: string[]): string {
  return join(work.path, ...parts)
}

function makeSource(name: string, mebibytes: number): string {
  const path = at(name)
  mkdirSync(path)
  writeFileSync(join(path, 'small'), 'content')
  for (let n = 0; n < mebibytes / 8; n += 1) {
    writeFileSync(join(path, `file-${n}`), noise(n, 8 * 1024 * 1024))
  }
  return path
}

function assertSame(one: string, other: string): void {
  assert.deepEqual(describeTree(Buffer.from(one)), describeTree(Buffer.from(other)))
}

async function assertSound(access: RepositoryAccess): Promise<void> {
  const check = { kind: 'check', repository: access, readData: true } as const
  const { findings } = await resultOfMover(check)
  const errors = findings.filter(({ severity }) => severity === 'error')
  assert.deepEqual(errors, [])
}

test('every kind of job does its work on S3', { skip }, async () => {
  const store = s3StoreAt(server, await server.makeBucket())
  const access = await makeRepositoryIn(store)
  const source = makeSource('source', 8)
  const tags = ['holdfast', 'backup=one', 'namespace=shop', 'volume=data', 'attempt=1']
  const backup = await resultOfMover(backupJob({ access }, source, { label: { tags } }))
  const label = { time: '2030-01-01T00:00:00Z', hostname: 'cluster', tags }
  const description = { ...label, logicalPath: '/holdfast/backup.json' }
  await resultOfMover({ kind: 'describe', repository: access, label: description, description: 1 })
  const listed = await resultOfMover({ kind: 'list', repository: access, tags: ['backup=one'] })
  assert.equal(listed.snapshots.length, 2)
  await resultOfMover(restoreJob({ access }, backup.repositorySnapshotID, at('out')))
  assertSame(at('out'), source)

  const local = await makeRepository(at('local'))
  const copyLabel = { ...label, logicalPath: '/shop/data', tags: ['holdfast', 'backup=two'] }
  const toLocal = await resultOfMover({
    kind: 'copy',
    from: access,
    to: local.access,
    repositorySnapshotID: backup.repositorySnapshotID,
    label: copyLabel,
  })
  const second = await makeRepositoryOnS3(server)
  const toBucket = await resultOfMover({
    kind: 'copy',
    from: local.access,
    to: second,
    repositorySnapshotID: toLocal.repositorySnapshotID,
    label: copyLabel,
  })
  const fromCopy = restoreJob({ access: second }, toBucket.repositorySnapshotID, at('copied'))
  await resultOfMover(fromCopy)
  assertSame(at('copied'), source)

  await assertSound(access)
  const tagLists = [['holdfast', 'backup=one']]
  await resultOfMover({ kind: 'forget', repository: access, tagLists })
  const pruned = await resultOfMover({ kind: 'prune', repository: access, batchMs: 60_000 })
  assert.equal(pruned.isDone, true)
  const left = (await server.keysIn(store.bucket)).map((key) => key.split('/').slice(0, 3))
  assert.deepEqual(left.map((parts) => parts.join('/')).sort(), [
    'accounts/one/config',
    'accounts/one/keys',
  ])
})

/** The first bytes are stored, most are not. */
function isUnderWay(event: MoverEvent): boolean {
  return event.event === 'progress' && event.bytesDone > 0 && event.bytesDone < event.totalBytes
}

/** On a machine so fast that it is done before, more work is tried. */
async function interruptMidway(
  access: RepositoryAccess,
  interrupt: (mover: MoverProcess) => void,
): Promise<{ readonly mover: MoverProcess; readonly source: string }> {
  for (const mebibytes of [32, 256, 1024]) {
    const source = makeSource(`source-${randomUUID()}`, mebibytes)
    const mover = startMover(backupJob({ access }, source))
    await mover.waitFor(isUnderWay)
    interrupt(mover)
    await mover.ended
    if (mover.events.at(-1)?.event !== 'result') return { mover, source }
  }
  throw new Error('the mover was always done before it could be interrupted')
}

test('a mover that is killed in mid-upload leaves a sound repository', { skip }, async () => {
  const access = await makeRepositoryOnS3(server)
  const { store } = access
  const locks = async () =>
    (await server.keysIn(store.bucket)).filter((key) => key.includes('/locks/'))
  const { mover, source } = await interruptMidway(access, ({ child }) => child.kill('SIGKILL'))
  assert.equal((await locks()).length, 1, 'a dead mover cannot give its lock back')
  const holderPIDs = [mover.child.pid as number]
  const lockHostnames = [LOCK_HOSTNAME]
  const unlock = { kind: 'unlock', repository: access, lockHostnames, holderPIDs } as const
  assert.equal((await resultOfMover(unlock)).removed, 1)
  await assertSound(access)
  const { repositorySnapshotID } = await resultOfMover(backupJob({ access }, source))
  await resultOfMover(restoreJob({ access }, repositorySnapshotID, at('killed-out')))
  assertSame(at('killed-out'), source)
  assert.deepEqual(await locks(), [])
})

test('what keeps a job from its bucket is told without the keys', { skip }, async () => {
  const access = await makeRepositoryOnS3(server)
  const { store } = access
  const secretAccessKey = 'a-secret-that-is-wrong'
  for (const [changes, code, reason] of [
    [{ secretAccessKey }, 'repository-refused', /check the access key/],
    [{ bucket: 'no-such-bucket-here' }, 'repository-not-found', /no-such-bucket-here/],
    [{ prefix: 'elsewhere' }, 'repository-not-found', /elsewhere/],
    [{ mayReachPrivateNetworks: false }, 'repository-refused', /private network/],
  ] as const) {
    const repository = { ...access, store: { ...store, ...changes } }
    const failure = await failureOfMover({ kind: 'list', repository, tags: [] })
    assert.equal(failure.code, code, JSON.stringify(failure))
    assert.match(JSON.stringify(failure), reason)
    assert.ok(!JSON.stringify(failure).includes(repository.store.secretAccessKey))
  }
})
