// A page costs the same anywhere in a long list: the database goes to it by an index and reads
// little more than the page. What it reads is counted, since times say little on a busy machine.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { EMPTY_REACH } from '@holdfast/domain'
import { sql } from 'kysely'
import { BACKUPS } from './backups.ts'
import { listResources, type PageKey, pageStatement, type ResourceQuery } from './list-resources.ts'
import { makeTestDatabase, type TestDatabase } from './testing/index.ts'

const COUNT = 100_000
const PAGE = 100
const ids = [1, 2, 3, 4, 5, 6].map((at) => `00000000-0000-4000-8000-00000000000${at}`)
const [accountID = '', cloudID, clusterID, bucketID, appID = '', namespaceID = ''] = ids

let testDatabase: TestDatabase

before(async () => {
  testDatabase = await makeTestDatabase()
  const { queries } = testDatabase.database
  for (const statement of [
    sql`insert into accounts (id, name) values (${accountID}, 'a')`,
    sql`insert into clouds (id, account_id, name, cloud_type)
      values (${cloudID}, ${accountID}, 'c', 'private')`,
    sql`insert into clusters (id, account_id, cloud_id, name, cluster_type, cluster_version)
      values (${clusterID}, ${accountID}, ${cloudID}, 'h', 'host', '1')`,
    sql`insert into buckets (id, account_id, name, identifier, provider, bucket_parameters)
      values (${bucketID}, ${accountID}, 'b', 'b', 'local', '{}')`,
    sql`insert into apps (id, account_id, cluster_id, name, namespace_scoped_resources, state)
      values (${appID}, ${accountID}, ${clusterID}, 'a', '[{"namespace": "n"}]', 'ready')`,
    sql`insert into namespaces (id, account_id, cluster_id, name, uid)
      values (${namespaceID}, ${accountID}, ${clusterID}, 'n', 'u')`,
    // Names in another order than the times.
    sql`insert into backups (id, account_id, app_id, bucket_id, name, state, created_at)
      select gen_random_uuid(), ${accountID}, ${appID}, ${bucketID},
        'backup-' || md5(n::text), 'completed', timestamptz '2026-01-01Z' + n * interval '1 minute'
      from generate_series(1, ${sql.lit(COUNT)}) as n`,
    sql`analyze backups`,
  ]) {
    await statement.execute(queries)
  }
})
after(() => testDatabase.drop())

for (const [order, orderBy] of [
  ['creation', undefined],
  ['name', { field: 'name', isDescending: false }],
  ['name, backwards', { field: 'name', isDescending: true }],
] as const) {
  for (const parents of [{}, { appID }]) {
    const list = 'appID' in parents ? 'of an app' : 'of an account'
    if (orderBy !== undefined && 'appID' in parents) continue
    test(`pages ${list} in the order of ${order}`, async () => {
      const query: ResourceQuery = {
        scope: { accountID, parents },
        where: [],
        limit: PAGE,
        ...(orderBy === undefined ? {} : { orderBy }),
      }
      for (const share of [0, 0.5, 0.999]) {
        const after = await keyAt(query, Math.floor(COUNT * share))
        const plan = await planOf(after === undefined ? query : { ...query, after })
        assert.ok(plan.rowsRead <= PAGE + 1, JSON.stringify(plan))
        assert.ok(!plan.nodes.includes('Sort'), JSON.stringify(plan))
        assert.ok(!plan.nodes.includes('Seq Scan'), JSON.stringify(plan))
      }
    })
  }
}

test('pages of who reaches some namespaces only', async () => {
  const reach = { ...EMPTY_REACH, heldIDs: [namespaceID] }
  const viewer = { userID: accountID, role: 'member', reach }
  const query: ResourceQuery = { scope: { accountID, parents: {}, viewer }, where: [], limit: PAGE }
  for (const share of [0, 0.5, 0.999]) {
    const after = await keyAt(query, Math.floor(COUNT * share))
    const plan = await planOf(after === undefined ? query : { ...query, after })
    assert.ok(plan.rowsRead <= PAGE + 1, JSON.stringify(plan))
    assert.ok(!plan.nodes.includes('Sort'), JSON.stringify(plan))
  }
  const nothing = { ...viewer, reach: EMPTY_REACH }
  const none = { ...query, scope: { ...query.scope, viewer: nothing } }
  const page = await listResources(testDatabase.database, BACKUPS, none)
  assert.deepEqual(page.resources, [])
})

/** Of the row at this place of the list. */
async function keyAt(query: ResourceQuery, skip: number): Promise<PageKey | undefined> {
  if (skip === 0) return undefined
  const page = await listResources(testDatabase.database, BACKUPS, { ...query, skip, limit: 1 })
  return page.next
}

interface PlanNode {
  readonly 'Node Type': string
  readonly 'Actual Rows': number
  readonly 'Rows Removed by Filter'?: number
  readonly Plans?: readonly PlanNode[]
}

async function planOf(query: ResourceQuery) {
  const { rows } = await sql<{ 'QUERY PLAN': readonly { readonly Plan: PlanNode }[] }>`
    explain (analyze, timing off, summary off, format json) ${pageStatement(BACKUPS, query)}
  `.execute(testDatabase.database.queries)
  const nodes = flatten(rows[0]?.['QUERY PLAN'][0]?.Plan)
  const rowsRead = nodes.map((node) => node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0))
  return { nodes: nodes.map((node) => node['Node Type']), rowsRead: Math.max(...rowsRead) }
}

function flatten(node: PlanNode | undefined): PlanNode[] {
  return node === undefined ? [] : [node, ...(node.Plans ?? []).flatMap(flatten)]
}
