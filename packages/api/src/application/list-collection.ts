// Answers a collection: items, or rows of the fields that were asked for, and the list's metadata.
import {
  countResources,
  listResources,
  type PageKey,
  type ResourceCommon,
  type ResourcePage,
  type ResourceScope,
} from '@holdfast/db'
import { readContinueToken, writeContinueToken } from './continue-token.ts'
import { type ListParameters, type Query, readListParameters } from './list-parameters.ts'
import { listTypeOf, type WireResource } from './resource-definition.ts'
import type { JsonAnswer } from './send-json.ts'
import type { ServedCollection } from './served-collection.ts'
import { toWireTime } from './shared-schemas.ts'

export interface ListRequest {
  readonly scope: ResourceScope
  readonly query: Query
  /** The collection's own, ids included. */
  readonly path: string
  readonly callerID: string
}

/** Lists without a limit answer everything; this many are held in memory at a time. */
const ITEMS_PER_READ = 500

export async function listCollection<Resource extends ResourceCommon>(
  served: ServedCollection<Resource>,
  request: ListRequest,
): Promise<JsonAnswer> {
  const { context, definition, source } = served
  const wireNames = Object.keys(definition.response.properties)
  const parameters = readListParameters(request.query, {
    source,
    fields: definition.fields,
    wireNames,
  })
  const { scope } = request
  const { where, limit } = parameters
  const binding = [scope.accountID, request.path, parameters.binding]
  const after =
    parameters.continue === undefined ? undefined : readContinueToken(parameters.continue, binding)
  const read = (key: PageKey | undefined) =>
    readPage(served, { scope, parameters, after: key, isFirst: key === after })
  const first = await read(after)
  const count = parameters.isCounted
    ? await countResources(context.database, source, { scope, where })
    : undefined
  const isCut = limit !== undefined && first.next !== undefined
  const head = {
    type: listTypeOf(definition),
    version: definition.versions.at(-1) ?? '',
  }
  const metadata = {
    ...listMetadata(context.now(), request.callerID),
    ...(isCut && first.next ? { continue: writeContinueToken(first.next, binding) } : {}),
    ...(count === undefined ? {} : { count }),
  }
  const toItem = itemMaker(definition.toWire, parameters)
  if (isCut || first.next === undefined) {
    return { ...head, items: first.resources.map(toItem), metadata }
  }
  return streamList({ head, metadata, first, toItem, read })
}

function readPage<Resource extends ResourceCommon>(
  { context, source }: ServedCollection<Resource>,
  page: {
    readonly scope: ResourceScope
    readonly parameters: ListParameters
    readonly after: PageKey | undefined
    readonly isFirst: boolean
  },
): Promise<ResourcePage<Resource>> {
  const { orderBy, skip, limit, where } = page.parameters
  // What was skipped once is behind the token: a client repeats its parameters with every page.
  const isSkipping = page.isFirst && page.after === undefined && skip !== undefined
  return listResources(context.database, source, {
    scope: page.scope,
    where,
    ...(orderBy === undefined ? {} : { orderBy }),
    ...(page.after === undefined ? {} : { after: page.after }),
    ...(isSkipping ? { skip } : {}),
    limit: limit ?? ITEMS_PER_READ,
  })
}

function listMetadata(now: Date, callerID: string) {
  const time = toWireTime(now)
  return { labels: [], creationTimestamp: time, modificationTimestamp: time, createdBy: callerID }
}

function itemMaker<Resource>(
  toWire: (resource: Resource) => WireResource,
  { include }: ListParameters,
): (resource: Resource) => unknown {
  if (include === undefined) return toWire
  return (resource) => {
    const wire = toWire(resource)
    return include.map((name) => wire[name] ?? null)
  }
}

async function* streamList<Resource>(list: {
  readonly head: object
  readonly metadata: object
  readonly first: ResourcePage<Resource>
  readonly toItem: (resource: Resource) => unknown
  readonly read: (after: PageKey | undefined) => Promise<ResourcePage<Resource>>
}): AsyncGenerator<string> {
  yield `${JSON.stringify(list.head).slice(0, -1)},"items":[`
  let page = list.first
  let separator = ''
  for (;;) {
    const items = page.resources.map((resource) => JSON.stringify(list.toItem(resource)))
    if (items.length > 0) yield separator + items.join(',')
    separator = ','
    if (page.next === undefined) break
    page = await list.read(page.next)
  }
  yield `],"metadata":${JSON.stringify(list.metadata)}}`
}
