// Lists of resources: the order and the page that were asked for, of what the caller may see.
import {
  type FieldCondition,
  type FieldOrder,
  listResources,
  type PageKey,
  type ResourceQuery,
  type ResourceScope,
  type ResourceSource,
} from '@holdfast/db'
import { type Caller, viewerOf } from '../operations/caller.ts'
import type { OperationContext } from '../operations/operation-context.ts'
import { RequestError } from './request-failure.ts'
import type { ReadQuery } from './route-definition.ts'

/**
 * What a list without `page` answers at most. A longer one is refused: a part of it would look like
 * all of it, since answers have no totals.
 */
export const LIST_LENGTH_MAX = 10_000

export interface ListOptions {
  readonly caller: Caller
  readonly query: ReadQuery
  /** Field of the source by key of `sort`; `id` and `events.created` of the dialect among them. */
  readonly sortFields: Readonly<Record<string, string>>
  /** Creation order when absent. */
  readonly defaultOrder?: FieldOrder
  readonly parents?: ResourceScope['parents']
  /** All must hold. */
  readonly where?: readonly FieldCondition[]
  /** Of each group at least one must hold, as of the values of a filter. */
  readonly whereAny?: readonly (readonly FieldCondition[])[]
}

/**
 * All at once, for lists that never become long; fails with `list-too-long`. What grows with time
 * is answered by `listBatches`.
 */
export async function listPage<Resource>(
  { database }: Pick<OperationContext, 'database'>,
  source: ResourceSource<Resource>,
  options: ListOptions,
): Promise<readonly Resource[]> {
  const { page } = options.query
  const limit = page?.size ?? LIST_LENGTH_MAX
  const { resources, next } = await listResources(database, source, {
    ...toResourceQuery(options),
    ...(page === undefined ? {} : { skip: (page.number - 1) * page.size }),
    limit,
  })
  if (page === undefined && next !== undefined) {
    throw new RequestError({ code: 'list-too-long', lengthMax: limit })
  }
  return resources
}

/** However long the list is, no more of it is in memory. */
const BATCH_LENGTH = 500

/** The page that was asked for, or everything, some hundred at a time. */
export async function* listBatches<Resource>(
  context: Pick<OperationContext, 'database'>,
  source: ResourceSource<Resource>,
  options: ListOptions,
): AsyncGenerator<readonly Resource[]> {
  if (options.query.page !== undefined) {
    yield await listPage(context, source, options)
    return
  }
  const query = toResourceQuery(options)
  // The key of a page holds one field: with more of them, what was read is counted instead.
  const isKeyed = query.thenBy === undefined || query.thenBy.length === 0
  let after: PageKey | undefined
  for (let skip = 0; ; skip += BATCH_LENGTH) {
    const { resources, next } = await listResources(context.database, source, {
      ...query,
      ...(isKeyed ? (after === undefined ? {} : { after }) : { skip }),
      limit: BATCH_LENGTH,
    })
    yield resources
    if (next === undefined) return
    after = next
  }
}

function toResourceQuery(options: ListOptions): Omit<ResourceQuery, 'limit' | 'skip' | 'after'> {
  const { caller, parents = {}, where = [], whereAny = [] } = options
  const [orderBy, ...thenBy] = ordersOf(options)
  return {
    scope: { accountID: caller.accountID, parents, viewer: viewerOf(caller) },
    where,
    whereAny,
    ...(orderBy === undefined ? {} : { orderBy, thenBy }),
  }
}

/** The values of one filter: any of them. No value asks for nothing, so it filters nothing. */
export function anyOf(
  field: string,
  values: readonly string[] | undefined,
  operator: FieldCondition['operator'] = 'eq',
): readonly (readonly FieldCondition[])[] {
  if (values === undefined || values.length === 0) return []
  return [values.map((value) => ({ field, path: [], operator, value }))]
}

/**
 * As `anyOf`, where all values that there are are known: another one is that of nothing. Each
 * condition is asked of every row, so that there are no more of them than known values.
 */
export function anyOfKnown(
  field: string,
  known: readonly string[],
  values: readonly string[] = [],
): readonly (readonly FieldCondition[])[] {
  const wanted = known.filter((value) => values.includes(value))
  return values.length > 0 && wanted.length === 0 ? [[]] : anyOf(field, wanted)
}

function ordersOf({ query, sortFields, defaultOrder }: ListOptions): readonly FieldOrder[] {
  const orders = query.sort.map(({ key, isDescending }) => {
    const field = sortFields[key]
    if (field === undefined) throw new RangeError(`The sort key ${key} has no field.`)
    return { field, isDescending }
  })
  if (orders.length > 0) return orders
  return defaultOrder === undefined ? [] : [defaultOrder]
}
