// Lists any kind of resource: conditions, order and pages over domain fields, as one statement.
//
// A `ResourceSource` says where the rows are and which SQL expression each domain field has; what
// has none can be neither filtered nor ordered by. Pages go on from the last row's key, never from
// an offset, so a page is right whatever was inserted before it.
import type { NamespaceReach } from '@holdfast/domain'
import { type RawBuilder, type SqlBool, sql } from 'kysely'
import { uuidRangeOf } from './container-ids.ts'
import type { Queries } from './transaction.ts'

/**
 * `text` is compared byte by byte, `number` and `instant` (as precise as shown) by value;
 * `json` is searched, never ordered by.
 */
export type FieldKind = 'text' | 'number' | 'instant' | 'json'

export interface FieldExpression {
  readonly kind: FieldKind
  readonly expression: RawBuilder<unknown>
  /** Every row has a value: an index can lead to any page of this order. */
  readonly isNeverNull?: true
}

/** The names of the parents a resource may be listed under. */
export type ParentKey =
  | 'cloudID'
  | 'clusterID'
  | 'appID'
  | 'snapshotID'
  | 'backupID'
  | 'userID'
  | 'groupID'
  | 'taskID'
  | 'scheduleID'

/** Who looks, where that decides what is seen. */
export interface Viewer {
  readonly userID: string
  /** One of `ROLES`. */
  readonly role: string | undefined
  /** Unlimited when absent. */
  readonly reach?: NamespaceReach
}

/** What a viewer sees whose reach is limited. */
export interface LimitedView {
  readonly rows: RawBuilder<SqlBool>
  /** Instead of the source's own, where those would tell of what is out of reach. */
  readonly columns?: RawBuilder<unknown>
  readonly fields?: Readonly<Record<string, FieldExpression>>
}

export type LimitedViewer = Viewer & { readonly reach: NamespaceReach }

/** `Row` is what `columns` selects; it never leaves the package. */
export interface ResourceSource<Resource> {
  readonly from: RawBuilder<unknown>
  readonly columns: RawBuilder<unknown>
  /** Holds for what exists for users: neither deleted nor hidden. */
  readonly isVisible: RawBuilder<SqlBool>
  /** Beside that, for rows that not everybody of the account may see. */
  readonly isVisibleTo?: (viewer: Viewer) => RawBuilder<SqlBool>
  /** Absent for what belongs to the account alone: a viewer with a limited reach sees none of it. */
  readonly limitedTo?: (viewer: LimitedViewer) => LimitedView
  readonly id: RawBuilder<unknown>
  /** A UUID when absent. */
  readonly idKind?: 'text'
  readonly accountID: RawBuilder<unknown>
  readonly createdAt: RawBuilder<unknown>
  readonly parents: Readonly<Partial<Record<ParentKey, RawBuilder<unknown>>>>
  readonly fields: Readonly<Record<string, FieldExpression>>
  /** `never`: the row's type is the source's own affair. */
  readonly toResource: (row: never) => Resource
}

export interface ResourceScope {
  readonly accountID: string
  readonly parents: Readonly<Partial<Record<ParentKey, string>>>
  /** Absent when the service itself looks. */
  readonly viewer?: Viewer
}

export const OPERATORS = ['eq', 'lt', 'gt', 'lte', 'gte', 'in'] as const
export type Operator = (typeof OPERATORS)[number]

export interface FieldCondition {
  /** A field of the source. */
  readonly field: string
  /** Members below a `json` field; elements of arrays are all looked at. */
  readonly path: readonly string[]
  /** `in`: the field's text contains the value. */
  readonly operator: Operator
  /** Already checked to be a number or an instant where the field is one. */
  readonly value: string
}

/** Where a page ended. Texts as PostgreSQL writes them, so that nothing is rounded. */
export interface PageKey {
  readonly order: string | null
  readonly createdAt: string
  readonly id: string
}

export interface FieldOrder {
  /** A field of the source. */
  readonly field: string
  readonly isDescending: boolean
}

export interface ResourceQuery {
  readonly scope: ResourceScope
  /** All must hold. */
  readonly where: readonly FieldCondition[]
  /** Of each group at least one must hold. */
  readonly whereAny?: readonly (readonly FieldCondition[])[]
  /** Creation order when absent. Ties break by id; rows without a value come last either way. */
  readonly orderBy?: FieldOrder
  /** Before the id breaks ties; not together with `after`, whose key holds one field only. */
  readonly thenBy?: readonly FieldOrder[]
  readonly after?: PageKey
  readonly skip?: number
  readonly limit: number
}

export interface ResourcePage<Resource> {
  readonly resources: readonly Resource[]
  /** The key to go on after; absent when nothing is left. */
  readonly next?: PageKey
}

export async function listResources<Resource>(
  { queries }: Queries,
  source: ResourceSource<Resource>,
  query: ResourceQuery,
): Promise<ResourcePage<Resource>> {
  const { rows } = await pageStatement(source, query).execute(queries)
  const shown = rows.slice(0, query.limit)
  const last = shown.at(-1)
  return {
    resources: shown.map((row) => source.toResource(row as never)),
    ...(rows.length > query.limit && last !== undefined ? { next: keyOf(last) } : {}),
  }
}

/** For tests, which read its plan. */
export function pageStatement<Resource>(
  whole: ResourceSource<Resource>,
  query: ResourceQuery,
): RawBuilder<PageRow> {
  const source = asSeenBy(whole, query.scope)
  const { orderBy, thenBy = [] } = query
  const order = orderBy === undefined ? undefined : orderOf(source, orderBy)
  const ties = thenBy.map((further) => orderOf(source, further))
  const conditions = [...conditionsOf(source, query.scope, query.where, query.whereAny)]
  if (query.after !== undefined) conditions.push(isAfter(source, order, query.after))
  return sql<PageRow>`
    select ${source.columns},
      ${order === undefined ? sql`null` : sql`(${order.expression})::text`} as "pageOrder",
      ${source.createdAt}::text as "pageCreatedAt", ${source.id}::text as "pageID"
    from ${source.from}
    where ${sql.join(conditions, sql` and `)}
    order by ${orderClause(source, order, ties)}
    limit ${query.limit + 1}${query.skip === undefined ? sql`` : sql` offset ${query.skip}`}
  `
}

/** How many match, pages aside. */
export async function countResources<Resource>(
  { queries }: Queries,
  whole: ResourceSource<Resource>,
  { scope, where, whereAny }: Pick<ResourceQuery, 'scope' | 'where' | 'whereAny'>,
): Promise<number> {
  const source = asSeenBy(whole, scope)
  const conditions = conditionsOf(source, scope, where, whereAny)
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from ${source.from} where ${sql.join(conditions, sql` and `)}
  `.execute(queries)
  return rows[0]?.count ?? 0
}

/** The one resource with this id in this scope; undefined when it does not exist for users. */
export async function findResource<Resource>(
  { queries }: Queries,
  whole: ResourceSource<Resource>,
  { scope, id }: { readonly scope: ResourceScope; readonly id: string },
): Promise<Resource | undefined> {
  const source = asSeenBy(whole, scope)
  const conditions = [sql<SqlBool>`${source.id} = ${id}`, ...conditionsOf(source, scope, [])]
  const { rows } = await sql<object>`
    select ${source.columns} from ${source.from} where ${sql.join(conditions, sql` and `)}
  `.execute(queries)
  return rows[0] === undefined ? undefined : source.toResource(rows[0] as never)
}

/** As `findResource`, by the first 24 digits of the id; digits of no id find nothing. */
export async function findResourceByHexID<Resource>(
  { queries }: Queries,
  whole: ResourceSource<Resource>,
  { scope, hexID }: { readonly scope: ResourceScope; readonly hexID: string },
): Promise<Resource | undefined> {
  const range = uuidRangeOf(hexID)
  if (range === undefined) return undefined
  const source = asSeenBy(whole, scope)
  const isInRange = sql<SqlBool>`${source.id} between ${range.first}::uuid and ${range.last}::uuid`
  const conditions = [isInRange, ...conditionsOf(source, scope, [])]
  const { rows } = await sql<object>`
    select ${source.columns} from ${source.from} where ${sql.join(conditions, sql` and `)} limit 1
  `.execute(queries)
  return rows[0] === undefined ? undefined : source.toResource(rows[0] as never)
}

/** The one place where a limited reach takes effect, for pages, counts and single resources. */
function asSeenBy<Resource>(
  source: ResourceSource<Resource>,
  { viewer }: ResourceScope,
): ResourceSource<Resource> {
  const reach = viewer?.reach
  if (viewer === undefined || reach === undefined || reach.isUnlimited) return source
  const view = source.limitedTo?.({ ...viewer, reach })
  if (view === undefined) return { ...source, isVisible: sql`false` }
  const { rows, columns = source.columns, fields = source.fields } = view
  return { ...source, columns, fields, isVisible: sql`${source.isVisible} and ${rows}` }
}

interface PageRow {
  readonly pageOrder: string | null
  readonly pageCreatedAt: string
  readonly pageID: string
}

function keyOf(row: PageRow): PageKey {
  return { order: row.pageOrder, createdAt: row.pageCreatedAt, id: row.pageID }
}

interface Order extends FieldExpression {
  readonly isDescending: boolean
}

function orderOf<Resource>(
  source: ResourceSource<Resource>,
  { field: name, isDescending }: FieldOrder,
): Order {
  const field = fieldOf(source, name)
  const { kind, expression } = field
  if (kind === 'json') throw new RangeError(`The field ${name} has no order.`)
  const compared = kind === 'text' ? sql`(${expression}) collate "C"` : expression
  return { ...field, expression: compared, isDescending }
}

function fieldOf<Resource>(source: ResourceSource<Resource>, field: string): FieldExpression {
  const found = source.fields[field]
  if (found === undefined) throw new RangeError(`The field ${field} has no expression.`)
  return found
}

function orderClause<Resource>(
  source: ResourceSource<Resource>,
  order: Order | undefined,
  ties: readonly Order[],
): RawBuilder<unknown> {
  if (order === undefined) return sql`${source.createdAt}, ${source.id}`
  const keys = [order, ...ties].map(({ expression, isDescending, isNeverNull }) => {
    // Without the words an index in plain order serves, which `nulls last` would forbid to `desc`.
    const nulls = isNeverNull ? sql`` : sql`nulls last`
    return sql`${expression} ${directionOf(isDescending)} ${nulls}`
  })
  return sql`${sql.join(keys)}, ${source.id} ${directionOf(order.isDescending)}`
}

function directionOf(isDescending: boolean): RawBuilder<unknown> {
  return isDescending ? sql`desc` : sql`asc`
}

const CAST_OF_KIND = { text: 'text', number: 'numeric', instant: 'timestamptz' } as const

function isAfter<Resource>(
  source: ResourceSource<Resource>,
  order: Order | undefined,
  key: PageKey,
): RawBuilder<SqlBool> {
  const id = source.idKind === 'text' ? sql`${key.id}::text` : sql`${key.id}::uuid`
  if (order === undefined || order.kind === 'json') {
    return sql`(${source.createdAt}, ${source.id}) > (${key.createdAt}::timestamptz, ${id})`
  }
  const { expression } = order
  const beyond = order.isDescending ? sql`<` : sql`>`
  if (key.order === null) return sql`(${expression} is null and ${source.id} ${beyond} ${id})`
  const value = sql`${key.order}::${sql.raw(CAST_OF_KIND[order.kind])}`
  const isBeyond = sql<SqlBool>`(${expression}, ${source.id}) ${beyond} (${value}, ${id})`
  return order.isNeverNull ? isBeyond : sql`(${isBeyond} or ${expression} is null)`
}

function conditionsOf<Resource>(
  source: ResourceSource<Resource>,
  scope: ResourceScope,
  where: readonly FieldCondition[],
  whereAny: readonly (readonly FieldCondition[])[] = [],
): RawBuilder<SqlBool>[] {
  const conditions: RawBuilder<SqlBool>[] = [
    source.isVisible,
    sql`${source.accountID} = ${scope.accountID}`,
  ]
  if (source.isVisibleTo !== undefined && scope.viewer !== undefined) {
    conditions.push(source.isVisibleTo(scope.viewer))
  }
  for (const [key, id] of Object.entries(scope.parents)) {
    const column = source.parents[key as ParentKey]
    if (column === undefined) throw new RangeError(`The parent ${key} has no expression.`)
    conditions.push(sql`${column} = ${id}`)
  }
  for (const condition of where) conditions.push(holds(source, condition))
  for (const group of whereAny) conditions.push(holdsAny(source, group))
  return conditions
}

function holdsAny<Resource>(
  source: ResourceSource<Resource>,
  group: readonly FieldCondition[],
): RawBuilder<SqlBool> {
  if (group.length === 0) return sql`false`
  const conditions = group.map((condition) => holds(source, condition))
  return sql`(${sql.join(conditions, sql` or `)})`
}

const SQL_OPERATORS = { eq: '=', lt: '<', gt: '>', lte: '<=', gte: '>=' } as const

function holds<Resource>(
  source: ResourceSource<Resource>,
  condition: FieldCondition,
): RawBuilder<SqlBool> {
  const { kind, expression } = fieldOf(source, condition.field)
  if (kind === 'json') return holdsForAnyElement(expression, condition)
  const { operator, value } = condition
  if (operator === 'in') return sql`strpos((${expression})::text, ${value}) > 0`
  const compare = sql.raw(SQL_OPERATORS[operator])
  if (kind === 'text') return sql`(${expression}) collate "C" ${compare} ${value}`
  return sql`${expression} ${compare} ${value}::${sql.raw(CAST_OF_KIND[kind])}`
}

function holdsForAnyElement(
  expression: RawBuilder<unknown>,
  { path, operator, value }: FieldCondition,
): RawBuilder<SqlBool> {
  // Lax paths open arrays at each member by themselves, and `[*]` of a scalar is the scalar.
  const members = path.map((member) => `.${JSON.stringify(member)}[*]`).join('')
  const element = sql`(element.value #>> '{}')`
  return sql`exists (
    select 1 from jsonb_path_query(${expression}, ${`lax $[*]${members}`}::jsonpath)
      as element (value)
    where ${comparedElement(element, operator, value)}
  )`
}

function comparedElement(
  text: RawBuilder<unknown>,
  operator: Operator,
  value: string,
): RawBuilder<SqlBool> {
  if (operator === 'in') return sql`strpos(${text}, ${value}) > 0`
  const compare = sql.raw(SQL_OPERATORS[operator])
  const asText = sql<SqlBool>`${text} collate "C" ${compare} ${value}`
  if (!/^-?[0-9]+(\.[0-9]+)?$/.test(value)) return asText
  return sql`case when jsonb_typeof(element.value) = 'number'
    then (element.value)::numeric ${compare} ${value}::numeric else ${asText} end`
}
