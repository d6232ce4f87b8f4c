// Which rows a service takes for its own clusters, and which it leaves alone.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { sql } from 'kysely'
import type { MachineDescription } from './derived-resources.ts'
import { recordFirstStart } from './first-start.ts'
import { registerHostClusters, type ServedHostClusters } from './host-clusters.ts'
import { makeTestDatabase, type TestDatabase } from './testing/test-database.ts'

let made: TestDatabase
const accountID = randomUUID()
const firstClusterID = randomUUID()
before(async () => {
  made = await makeTestDatabase()
  const now = new Date('2026-05-01T00:00:00Z')
  await recordFirstStart(
    made.database,
    {
      now,
      account: { id: accountID, name: 'Test' },
      user: { id: randomUUID(), email: 'a@example.org' },
      roleBindingID: randomUUID(),
      token: { id: randomUUID(), name: 'first', secretHash: Buffer.alloc(32) },
      cloud: { id: randomUUID(), name: 'local' },
      cluster: { id: firstClusterID, name: 'alpha', version: '6.1' },
      storageClassID: randomUUID(),
      bucket: { id: randomUUID(), name: 'local', path: '/srv/bucket' },
    },
    async () => {
      // Nothing outside of the database belongs to this start.
    },
  )
})
after(() => made.drop())

function machine(name: string): MachineDescription {
  return {
    name,
    internalIP: '192.0.2.1',
    externalIP: '192.0.2.1',
    zone: 'local',
    region: 'local',
    instanceType: 'x64',
    kernelVersion: '6.1.0',
    osImage: 'Debian',
    numCpus: '2',
    memory: '1024Ki',
  }
}

function register(served: Partial<ServedHostClusters>) {
  return registerHostClusters(made.database, {
    accountID,
    executorID: 'one',
    machine: machine('alpha'),
    clusterVersion: '6.1.0',
    builtIn: { name: 'alpha', root: '/srv/apps' },
    named: [],
    now: new Date('2026-05-02T00:00:00Z'),
    newID: randomUUID,
    ...served,
  })
}

async function row(id: string) {
  const { rows } = await sql<Record<string, unknown>>`
    select name, state, managed_state, host_root, home, deleted_at,
      (select array_agg(name order by name) from storage_classes where cluster_id = clusters.id)
        as classes
    from clusters where id = ${id}
  `.execute(made.database.queries)
  return rows[0] ?? assert.fail('no such cluster')
}

test('the cluster of the first start is the built-in one, wherever its directory goes', async () => {
  const first = await register({})
  assert.equal(first.builtInID, firstClusterID)
  const moved = await register({ builtIn: { name: 'other', root: '/srv/elsewhere' } })
  assert.equal(moved.builtInID, firstClusterID)
  const { name, managed_state, host_root, home, classes } = await row(firstClusterID)
  assert.deepEqual(
    [name, managed_state, host_root, home],
    ['alpha', 'managed', '/srv/elsewhere', 'one'],
  )
  assert.deepEqual(classes, ['btrfs', 'copy', 'reflink'])
  await register({})
})

test('named ones are made unmanaged, once, and keep their ids by their directories', async () => {
  const named = [
    { name: 'media', root: '/srv/media' },
    { name: 'mail', root: '/srv/mail' },
  ]
  const [one, other] = await Promise.all([register({ named }), register({ named })])
  assert.deepEqual(one, other)
  assert.equal(new Set([one.builtInID, ...one.byRoot.values()]).size, 3)
  const mediaID = one.byRoot.get('/srv/media') ?? assert.fail()
  assert.equal((await row(mediaID)).managed_state, 'unmanaged')
  const renamed = await register({ named: [{ name: 'films', root: '/srv/media' }] })
  assert.equal(renamed.byRoot.get('/srv/media'), mediaID)
  assert.equal((await row(mediaID)).name, 'media')
  const mailID = one.byRoot.get('/srv/mail') ?? assert.fail()
  assert.equal((await row(mailID)).state, 'removed')
  assert.equal((await row(mediaID)).state, 'running')
  const events = await sql`select 1 from events where resource_id = ${mailID}`.execute(
    made.database.queries,
  )
  assert.equal(events.rows.length, 1)
})

test("another machine's clusters are left alone, although their directories have the same names", async () => {
  const named = [{ name: 'media', root: '/srv/media' }]
  const ours = await register({ named })
  const theirs = await register({ executorID: 'two', machine: machine('beta'), named })
  assert.notEqual(theirs.builtInID, ours.builtInID)
  assert.notEqual(theirs.byRoot.get('/srv/media'), ours.byRoot.get('/srv/media'))
  assert.deepEqual(await register({ named }), ours)
  assert.equal((await row(theirs.builtInID)).state, 'running')
  assert.equal((await row(theirs.builtInID)).home, 'two')
})

test('a new home on the same machine finds the clusters by their directories', async () => {
  const named = [{ name: 'media', root: '/srv/media' }]
  const before = await register({ named })
  const after = await register({ executorID: 'three', named })
  assert.deepEqual(after, before)
  assert.equal((await row(before.builtInID)).home, 'three')
})

test('one that was deleted is there again, unmanaged, when it is configured again', async () => {
  const named = [{ name: 'old', root: '/srv/old' }]
  const id = (await register({ named })).byRoot.get('/srv/old') ?? assert.fail()
  await sql`update clusters set deleted_at = now(), managed_state = 'managed' where id = ${id}
  `.execute(made.database.queries)
  assert.equal((await register({ named })).byRoot.get('/srv/old'), id)
  const { deleted_at, managed_state } = await row(id)
  assert.deepEqual([deleted_at, managed_state], [null, 'unmanaged'])
})
