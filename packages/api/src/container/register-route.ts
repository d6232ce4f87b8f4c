// Registers one route: who may call it, what may be asked, and how it is answered.
import { hexIDOf, isHexID } from '@holdfast/db'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { AuditSubject } from '../audit-trail.ts'
import { authenticateRequest } from '../operations/authenticate-request.ts'
import type { Caller } from '../operations/caller.ts'
import { checkCapability } from '../operations/check-capability.ts'
import type { OperationContext } from '../operations/operation-context.ts'
import { type MissingKind, OperationError } from '../operations/operation-failure.ts'
import { credentialsOf } from '../session-cookie.ts'
import { noteAuditSubject } from './audit.ts'
import { sendAnswer } from './envelope.ts'
import { describeRoute } from './operation-description.ts'
import { readQuery, type SentQuery } from './read-query.ts'
import { RequestError } from './request-failure.ts'
import type { ReadQuery, RouteDefinition } from './route-definition.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Of a route of the container dialect. */
    containerQuery: ReadQuery
    /** What the path names, as it was before the deed. */
    auditSubject?: AuditSubject
  }
  interface FastifyContextConfig {
    containerRoute?: RouteDefinition
  }
}

/** `app` is below `/v1`. */
export function registerRoute(
  app: FastifyInstance,
  context: OperationContext,
  definition: RouteDefinition,
): void {
  const { method, path, body, success } = definition
  app.route({
    method,
    url: path.replace(/^\/v1/, ''),
    ...(body === undefined ? {} : { schema: { body } }),
    config: {
      containerRoute: definition,
      isBodyTyped: true,
      description: describeRoute(definition),
    },
    handler: async (request, reply) => {
      await noteAuditSubject(context, request)
      const answer = await definition.run(context, {
        caller: request.caller,
        params: paramsOf(request),
        query: request.containerQuery,
        body: request.body,
        headers: request.headers,
      })
      return await sendAnswer(reply.code(success.status), answer)
    },
  })
}

/**
 * The token first, whatever else is wrong; then the hub; then the capability. Only then is looked at
 * what was asked: strangers learn nothing of it.
 */
export async function admit(context: OperationContext, request: FastifyRequest): Promise<void> {
  const { containerRoute: definition } = request.routeOptions.config
  if (definition === undefined) return
  const { capability } = definition
  if (capability !== 'public') {
    const caller = await authenticateRequest(context, credentialsOf(request))
    request.caller = caller
    checkHub(definition, caller, request.headers['x-hub-id'])
    if (capability !== 'any') request.caller = checkCapability(caller, capability)
  }
  refuseMalformedIDs(paramsOf(request))
  request.containerQuery = readQuery(definition.query, request.query as SentQuery)
}

/** A token belongs to one hub: what the header says is checked, and never chooses. */
function checkHub(
  { isHubHeaderOptional = false }: RouteDefinition,
  { accountID }: Caller,
  sent: string | readonly string[] | undefined,
): void {
  const hubIDs = [sent ?? []].flat()
  // An argument that is absent says nothing of another hub.
  if (hubIDs.length === 0 && !isHubHeaderOptional) throw new RequestError({ code: 'hub-missing' })
  const other = hubIDs.find((hubID) => hubID !== hexIDOf(accountID))
  if (other !== undefined) throw new RequestError({ code: 'hub-wrong', hubID: other })
}

const KIND_OF_PARAMETER: Readonly<Record<string, MissingKind>> = {
  containerId: 'app',
  instanceId: 'instance',
  backupId: 'backup',
  jobId: 'task',
  integrationId: 'bucket',
  roleId: 'role',
  apikeyId: 'API key',
}

/** What is no id is the id of nothing. */
function refuseMalformedIDs(params: Readonly<Record<string, string>>): void {
  for (const [parameter, id] of Object.entries(params)) {
    if (isHexID(id)) continue
    const kind = KIND_OF_PARAMETER[parameter] ?? 'resource'
    throw new OperationError({ code: 'not-found', kind, id })
  }
}

function paramsOf(request: FastifyRequest): Readonly<Record<string, string>> {
  return (request.params ?? {}) as Readonly<Record<string, string>>
}
