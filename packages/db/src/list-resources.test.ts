// Lists are compared with a plain model: filter, sort and slice an array.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { BACKUPS, type Backup } from './backups.ts'
import {
  countResources,
  type FieldCondition,
  listResources,
  type Operator,
  type PageKey,
  type ResourceQuery,
} from './list-resources.ts'
import { insertAccount } from './principals.ts'
import { makeTestDatabase, type TestDatabase } from './testing/index.ts'

let testDatabase: TestDatabase
const accountID = randomUUID()
const otherAccountID = randomUUID()
const appIDs = [randomUUID(), randomUUID()]
const bucketID = randomUUID()
let rows: Row[] = []

before(async () => {
  testDatabase = await makeTestDatabase()
  await insertAccounts()
  rows = makeRows(2000)
  await testDatabase.database.queries.insertInto('backups').values(rows.map(toInsert)).execute()
})
after(() => testDatabase.drop())

interface Row {
  readonly id: string
  readonly accountID: string
  readonly appID: string
  readonly name: string
  readonly state: string
  readonly totalBytes: number | null
  readonly takenAt: string | null
  readonly stateUnready: readonly string[]
  readonly createdAt: string
  readonly isDeleted: boolean
}

test('two thousand rows are paged without a gap, a repeat or another account', async () => {
  for (const orderBy of [undefined, 'name', 'totalBytes', 'takenAt', 'state']) {
    for (const isDescending of [false, true]) {
      const order = orderBy === undefined ? {} : { orderBy: { field: orderBy, isDescending } }
      const query = { scope: { accountID, parents: {} }, where: [], ...order }
      const paged = await readPages(query, 97)
      assert.deepEqual(paged, idsOf(modelOf({ ...query, limit: 1e9 })))
    }
  }
})

test('a page goes on where the last one ended although rows came and went meanwhile', async () => {
  const { database } = testDatabase
  const query = { scope: { accountID, parents: {} }, where: [], limit: 10 } as const
  const first = await listResources(database, BACKUPS, query)
  const early = { ...rows[0]!, id: randomUUID(), name: 'early', createdAt: '2020-01-01T00:00:00Z' }
  await database.queries
    .insertInto('backups')
    .values(toInsert({ ...early, accountID, isDeleted: false }))
    .execute()
  try {
    const second = await listResources(database, BACKUPS, { ...query, after: first.next! })
    const expected = modelOf({ ...query, limit: 20 }).slice(10)
    assert.deepEqual(idsOf(second.resources), idsOf(expected))
  } finally {
    await database.queries.deleteFrom('backups').where('id', '=', early.id).execute()
  }
})

test('any filter, order, limit and skip answer what the model answers', async () => {
  await fc.assert(
    fc.asyncProperty(anyQuery(), async (query) => {
      const { database } = testDatabase
      const page = await listResources(database, BACKUPS, query)
      const expected = modelOf(query)
      assert.deepEqual(idsOf(page.resources), idsOf(expected))
      const all = modelOf({ ...query, limit: 1e9, skip: 0 })
      assert.equal(await countResources(database, BACKUPS, query), all.length)
      const isMore = all.length > (query.skip ?? 0) + query.limit
      assert.equal(page.next !== undefined, isMore && expected.length > 0)
    }),
    { numRuns: 120 },
  )
})

test('members of arrays and objects are found at any depth', async () => {
  const { database } = testDatabase
  const row = rows.find((candidate) => candidate.accountID === accountID && !candidate.isDeleted)
  assert.ok(row)
  const labels = [
    { name: 'team', value: 'blue' },
    { name: 'size', value: '10' },
  ]
  await database.queries
    .updateTable('backups')
    .set({ labels: JSON.stringify(labels) })
    .where('id', '=', row.id)
    .execute()
  const find = async (path: string[], operator: Operator, value: string) => {
    const where = [{ field: 'labels', path, operator, value }]
    const query = { scope: { accountID, parents: {} }, where, limit: 5 }
    return (await listResources(database, BACKUPS, query)).resources.length
  }
  assert.equal(await find(['name'], 'eq', 'team'), 1)
  assert.equal(await find(['value'], 'in', 'blu'), 1)
  assert.equal(await find(['value'], 'eq', 'team'), 0)
  assert.equal(await find(['name', 'deeper'], 'eq', 'team'), 0)
  assert.equal(await find([], 'in', '"team"'), 1)
  assert.equal(await find(['value'], 'gte', '9'), 1)
})

async function readPages(query: Omit<ResourceQuery, 'limit'>, limit: number): Promise<string[]> {
  const ids: string[] = []
  let next: PageKey | undefined
  do {
    const after = next === undefined ? {} : { after: next }
    const page = await listResources(testDatabase.database, BACKUPS, { ...query, ...after, limit })
    ids.push(...idsOf(page.resources))
    next = page.next
  } while (next !== undefined)
  return ids
}

function idsOf(found: readonly Pick<Backup, 'id'>[]): string[] {
  return found.map(({ id }) => id)
}

/** What the query means, on the array. */
function modelOf(query: ResourceQuery): Row[] {
  const { appID } = query.scope.parents
  const found = rows.filter(
    (row) =>
      row.accountID === query.scope.accountID &&
      !row.isDeleted &&
      (appID === undefined || row.appID === appID) &&
      query.where.every((condition) => holds(row, condition)) &&
      (query.whereAny ?? []).every((group) => group.some((condition) => holds(row, condition))),
  )
  const skip = query.skip ?? 0
  return found.toSorted(byOrder(query)).slice(skip, skip + query.limit)
}

function holds(row: Row, { field, operator, value }: FieldCondition): boolean {
  const found = row[field as keyof Row]
  if (found === null) return false
  if (Array.isArray(found)) return found.some((element) => compare(element, operator, value))
  if (field === 'takenAt' && operator !== 'in') {
    return compare(Math.floor(Date.parse(String(found)) / 1000), operator, Date.parse(value) / 1000)
  }
  if (field === 'totalBytes' && operator !== 'in') return compare(Number(found), operator, +value)
  return compare(String(found), operator, value)
}

function compare<Value extends string | number>(
  found: Value,
  operator: Operator,
  value: Value,
): boolean {
  switch (operator) {
    case 'eq':
      return found === value
    case 'lt':
      return found < value
    case 'lte':
      return found <= value
    case 'gt':
      return found > value
    case 'gte':
      return found >= value
    case 'in':
      return String(found).includes(String(value))
  }
}

function byOrder({ orderBy, thenBy = [] }: ResourceQuery) {
  return (one: Row, other: Row): number => {
    const created = compareKeys([one.createdAt, one.id], [other.createdAt, other.id])
    if (orderBy === undefined) return created
    for (const { field, isDescending } of [orderBy, ...thenBy]) {
      const [a, b] = [one, other].map((row) => sortValue(row, field)) as [unknown, unknown]
      if (a === b) continue
      if (a === null || b === null) return a === null ? 1 : -1
      const ordered = compareKeys([a], [b]) * (isDescending ? -1 : 1)
      if (ordered !== 0) return ordered
    }
    return compareKeys([one.id], [other.id]) * (orderBy.isDescending ? -1 : 1)
  }
}

function sortValue(row: Row, field: string): unknown {
  const value = row[field as keyof Row]
  if (value === null || field !== 'takenAt') return value
  return Math.floor(Date.parse(String(value)) / 1000)
}

function compareKeys(one: readonly unknown[], other: readonly unknown[]): number {
  for (const [at, value] of one.entries()) {
    const against = other[at] as string
    if ((value as string) < against) return -1
    if ((value as string) > against) return 1
  }
  return 0
}

function anyQuery(): fc.Arbitrary<ResourceQuery> {
  const operator = fc.constantFrom<Operator[]>('eq', 'lt', 'gt', 'lte', 'gte', 'in')
  const condition = fc.oneof(
    anyCondition('name', operator, fc.constantFrom('b-1', 'b-10', 'B', 'b-9', '-5', 'é', 'z')),
    anyCondition('state', operator, fc.constantFrom('completed', 'failed', 'p', 'running')),
    anyCondition('stateUnready', operator, fc.constantFrom('no space', 'gone', 'o')),
    anyCondition('totalBytes', comparing(), fc.constantFrom('0', '3', '7.5', '-1', '900')),
    anyCondition(
      'takenAt',
      comparing(),
      fc.constantFrom(secondsOf(5), secondsOf(60), secondsOf(0)),
    ),
  )
  const order = fc.record({
    field: fc.constantFrom('name', 'state', 'totalBytes', 'takenAt'),
    isDescending: fc.boolean(),
  })
  return fc.record(
    {
      scope: fc.constantFrom(
        { accountID, parents: {} },
        { accountID, parents: { appID: appIDs[0]! } },
        { accountID: otherAccountID, parents: {} },
      ),
      where: fc.array(condition, { maxLength: 3 }),
      whereAny: fc.array(fc.array(condition, { maxLength: 3 }), { maxLength: 2 }),
      orderBy: order,
      thenBy: fc.array(order, { maxLength: 2 }),
      skip: fc.integer({ min: 1, max: 300 }),
      limit: fc.integer({ min: 1, max: 500 }),
    },
    { requiredKeys: ['scope', 'where', 'limit'] },
  )
}

function comparing(): fc.Arbitrary<Operator> {
  return fc.constantFrom<Operator[]>('eq', 'lt', 'gt', 'lte', 'gte')
}

function anyCondition(
  field: string,
  operator: fc.Arbitrary<Operator>,
  value: fc.Arbitrary<string>,
): fc.Arbitrary<FieldCondition> {
  return fc.record({ field: fc.constant(field), path: fc.constant([]), operator, value })
}

function secondsOf(second: number): string {
  return new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString()
}

/** Many ties on purpose: equal times, names of one app in another, missing values. */
function makeRows(count: number): Row[] {
  const states = ['pending', 'running', 'completed', 'failed']
  const names = ['b', 'B', 'é', 'b-', 'ß']
  return Array.from({ length: count }, (_, at) => ({
    id: randomUUID(),
    accountID: at % 17 === 0 ? otherAccountID : accountID,
    appID: appIDs[at % 2]!,
    name: `${names[at % names.length]}-${at}`,
    state: states[at % states.length]!,
    totalBytes: at % 5 === 0 ? null : at % 11,
    takenAt:
      at % 7 === 0 ? null : new Date(Date.UTC(2026, 0, 1, 0, 0, at % 90, at % 999)).toISOString(),
    stateUnready: at % 3 === 0 ? ['no space', 'gone'] : [],
    createdAt: new Date(Date.UTC(2026, 0, 1) + Math.floor(at / 10)).toISOString(),
    isDeleted: at % 23 === 0,
  }))
}

function toInsert(row: Row) {
  return {
    id: row.id,
    account_id: row.accountID,
    app_id: row.appID,
    bucket_id: bucketID,
    name: row.name,
    state: row.state,
    total_bytes: row.totalBytes,
    taken_at: row.takenAt,
    state_unready: JSON.stringify(row.stateUnready),
    created_at: row.createdAt,
    deleted_at: row.isDeleted ? '2026-02-01T00:00:00Z' : null,
  }
}

async function insertAccounts(): Promise<void> {
  const { database } = testDatabase
  const { queries } = database
  const now = new Date()
  for (const id of [accountID, otherAccountID])
    await insertAccount(database, { id, name: 'x', now })
  const [cloudID, clusterID] = [randomUUID(), randomUUID()]
  const owned = { account_id: accountID }
  await queries
    .insertInto('clouds')
    .values({ ...owned, id: cloudID, name: 'c', cloud_type: 'private' })
    .execute()
  await queries
    .insertInto('clusters')
    .values({
      ...owned,
      id: clusterID,
      cloud_id: cloudID,
      name: 'h',
      cluster_type: 'host',
      cluster_version: '1',
    })
    .execute()
  await queries
    .insertInto('buckets')
    .values({
      ...owned,
      id: bucketID,
      name: 'b',
      identifier: 'b',
      provider: 'local',
      bucket_parameters: '{}',
    })
    .execute()
  for (const id of appIDs) {
    await queries
      .insertInto('apps')
      .values({
        ...owned,
        id,
        cluster_id: clusterID,
        name: 'a',
        namespace_scoped_resources: '[]',
        state: 'ready',
      })
      .execute()
  }
}
