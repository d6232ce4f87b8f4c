// Makes the routes of a resource from its definition.
import { findResource, type ResourceCommon, type ResourceScope } from '@holdfast/db'
import { parseId } from '@holdfast/domain'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { scopeOf, viewerOf } from '../operations/caller.ts'
import type { OperationContext } from '../operations/operation-context.ts'
import { OperationError } from '../operations/operation-failure.ts'
import { outOfReach } from '../operations/permissions.ts'
import { listCollection } from './list-collection.ts'
import { type Query, refuseParameters } from './list-parameters.ts'
import { mediaTypeOf } from './media-type.ts'
import { describeOperation } from './operation-description.ts'
import { checkPreconditions, entityTagOf } from './preconditions.ts'
import { publicUrlOf } from './public-url.ts'
import {
  type Collection,
  listTypeOf,
  type ResourceDefinition,
  typeOf,
  type WireResource,
} from './resource-definition.ts'
import { sendJson } from './send-json.ts'
import type { ServedCollection } from './served-collection.ts'

export function registerResource<Resource extends ResourceCommon>(
  app: FastifyInstance,
  context: OperationContext,
  definition: ResourceDefinition<Resource>,
): void {
  for (const collection of definition.collections) {
    const source = collection.source ?? definition.source
    const served = { context, definition, collection, source }
    registerRead(app, served)
    registerCreate(app, served)
    registerUpdate(app, served)
    registerRemove(app, served)
  }
}

function registerRead<Resource extends ResourceCommon>(
  app: FastifyInstance,
  served: ServedCollection<Resource>,
): void {
  const { collection, definition } = served
  app.get(collection.path, {
    config: {
      permission: definition.readPermission ?? 'read',
      internalProblem: definition.internalProblems.list,
      description: describeOperation(definition, collection, 'list'),
    },
    handler: (request, reply) => listHandler(served, request, reply),
  })
  if (collection.hasItem === false) return
  app.get(itemPathOf(collection), {
    config: {
      permission: definition.readPermission ?? 'read',
      internalProblem: definition.internalProblems.get,
      description: describeOperation(definition, collection, 'get'),
    },
    handler: async (request, reply) => {
      refuseParameters(Object.keys(request.query as Query))
      const scope = await openScope(served, request, { isRefreshed: true })
      const resource = await findItem(served, scope, request)
      return sendResource(served, request, reply, resource, { isRead: true })
    },
  })
}

function registerCreate<Resource extends ResourceCommon>(
  app: FastifyInstance,
  served: ServedCollection<Resource>,
): void {
  const { collection, definition } = served
  const { create } = collection
  if (create === undefined) return
  app.post(collection.path, {
    schema: { body: create.body },
    config: {
      permission: create.permission,
      resourceName: definition.name,
      internalProblem: definition.internalProblems.create,
      description: describeOperation(definition, collection, 'create'),
    },
    handler: async (request, reply) => {
      refuseParameters(Object.keys(request.query as Query))
      const { parents } = await openScope(served, request)
      await checkReach(served, request)
      const body = request.body as WireResource
      const resource = await create.run(served.context, { caller: request.caller, parents, body })
      const path = request.url.split('?')[0]?.replace(/\/+$/, '')
      reply.header('location', `${publicUrlOf(request)}${path}/${resource.id}`)
      reply.code(201)
      return sendResource(served, request, reply, resource)
    },
  })
}

function registerUpdate<Resource extends ResourceCommon>(
  app: FastifyInstance,
  served: ServedCollection<Resource>,
): void {
  const { collection, definition } = served
  const { update } = collection
  if (update === undefined) return
  app.put(itemPathOf(collection), {
    schema: { body: update.body },
    config: {
      permission: update.permission,
      internalProblem: definition.internalProblems.update,
      description: describeOperation(definition, collection, 'update'),
    },
    handler: async (request, reply) => {
      refuseParameters(Object.keys(request.query as Query))
      const scope = await openScope(served, request)
      const present = await findItem(served, scope, request)
      await checkReach(served, request, present.id)
      refuseOtherId(served, present.id, (request.body as WireResource).id)
      await update.run(served.context, {
        caller: request.caller,
        parents: scope.parents,
        body: request.body as WireResource,
        id: present.id,
        headers: request.headers,
        checkPreconditions: (resource) => checkResource(served, request, resource),
      })
      return reply.code(204).send()
    },
  })
}

/** An id may be sent back, in any case, but not changed. */
function refuseOtherId<Resource extends ResourceCommon>(
  { definition }: ServedCollection<Resource>,
  id: string,
  sent: unknown,
): void {
  if (typeof sent !== 'string' || sent.toLowerCase() === id) return
  const resource = `${definition.title} ${id}`
  const members = [{ name: 'id', reason: `is ${id} and cannot be changed` }]
  throw new OperationError({ code: 'fixed-value-changed', resource, members })
}

function registerRemove<Resource extends ResourceCommon>(
  app: FastifyInstance,
  served: ServedCollection<Resource>,
): void {
  const { collection, definition } = served
  const { remove } = collection
  if (remove === undefined) return
  app.delete(itemPathOf(collection), {
    config: {
      permission: remove.permission,
      internalProblem: definition.internalProblems.remove,
      description: describeOperation(definition, collection, 'remove'),
    },
    handler: async (request, reply) => {
      refuseParameters(Object.keys(request.query as Query))
      const scope = await openScope(served, request)
      const present = await findItem(served, scope, request)
      await checkReach(served, request, present.id)
      checkResource(served, request, present)
      const { caller } = request
      await remove.run(served.context, { caller, parents: scope.parents, id: present.id })
      return reply.code(204).send()
    },
  })
}

function itemPathOf({ path, itemParameter }: Pick<Collection<never>, 'path' | 'itemParameter'>) {
  return `${path}/:${itemParameter}`
}

async function listHandler<Resource extends ResourceCommon>(
  served: ServedCollection<Resource>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const scope = await openScope(served, request, { isRefreshed: true })
  const answer = await listCollection(served, {
    scope,
    query: request.query as Query,
    path: request.url.split('?')[0] ?? '',
    callerID: request.caller.userID,
  })
  const own = [typeOf(served.definition), listTypeOf(served.definition)]
  const mediaType = mediaTypeOf(request.headers.accept, own.map(withJson))
  return sendJson(reply, mediaType, answer)
}

/**
 * Checks that every parent in the path exists below the one before it, and answers what limits the
 * rows. Which 404 a missing one is depends on the method alone.
 */
async function openScope<Resource extends ResourceCommon>(
  { context, collection, source }: ServedCollection<Resource>,
  request: FastifyRequest,
  { isRefreshed = false } = {},
): Promise<ResourceScope> {
  const { accountID } = request.caller
  const viewer = viewerOf(request.caller)
  const parents: Record<string, string> = {}
  for (const { parameter, key, kind, source: parentSource } of collection.parents) {
    const given = parameterOf(request, parameter)
    const id = parseId<string>(given)
    const above = Object.fromEntries(
      Object.entries(parents).filter(([above]) => above in parentSource.parents),
    )
    const scope = { accountID, parents: above, viewer }
    if (id === undefined || !(await findResource(context.database, parentSource, { scope, id }))) {
      throw new OperationError({ code: 'not-found', kind, id: given })
    }
    parents[key] = id
  }
  if (isRefreshed) await collection.refresh?.(context, { caller: request.caller, parents })
  const scopedBy: readonly string[] = collection.scopedBy ?? Object.keys(parents)
  const limiting = Object.entries(parents).filter(
    ([key]) => scopedBy.includes(key) && key in source.parents,
  )
  return { accountID, parents: Object.fromEntries(limiting), viewer }
}

/**
 * What is in the path is seen by the caller. What they do to it needs a role that reaches it, too:
 * fails with `not-permitted` where only a lesser one does.
 */
async function checkReach<Resource extends ResourceCommon>(
  { context, collection, source }: ServedCollection<Resource>,
  request: FastifyRequest,
  itemID?: string,
): Promise<void> {
  const { caller } = request
  if (caller.actsOn.isUnlimited) return
  const scope = scopeOf(caller)
  const named = collection.parents.map((parent) => ({
    source: parent.source,
    id: parseId<string>(parameterOf(request, parent.parameter)),
  }))
  if (itemID !== undefined) named.push({ source, id: parseId<string>(itemID) })
  for (const { source, id } of named) {
    if (id !== undefined && (await findResource(context.database, source, { scope, id }))) continue
    throw outOfReach(caller, request.routeOptions.config.permission ?? 'read')
  }
}

function parameterOf(request: FastifyRequest, name: string): string {
  return (request.params as Readonly<Record<string, string>>)[name] ?? ''
}

async function findItem<Resource extends ResourceCommon>(
  { context, definition, collection, source }: ServedCollection<Resource>,
  scope: ResourceScope,
  request: FastifyRequest,
): Promise<Resource> {
  const given = parameterOf(request, collection.itemParameter)
  const id = parseId<string>(given)
  if (id !== undefined) {
    const found = await findResource(context.database, source, { scope, id })
    if (found !== undefined) return found
  }
  throw new OperationError({ code: 'not-found', kind: definition.kind, id: given })
}

function checkResource<Resource extends ResourceCommon>(
  { definition }: ServedCollection<Resource>,
  request: FastifyRequest,
  resource: Resource,
): void {
  checkPreconditions(request.headers, definition.toWire(resource), resource.modifiedAt)
}

function sendResource<Resource extends ResourceCommon>(
  { definition }: ServedCollection<Resource>,
  request: FastifyRequest,
  reply: FastifyReply,
  resource: Resource,
  { isRead = false } = {},
): FastifyReply {
  const wire = definition.toWire(resource)
  reply.header('etag', entityTagOf(wire))
  const mediaType = mediaTypeOf(request.headers.accept, [withJson(typeOf(definition))])
  const found = isRead ? definition.findings?.(resource) : undefined
  return sendJson(reply, mediaType, { ...wire, ...found })
}

function withJson(type: string): string {
  return `${type}+json`
}
