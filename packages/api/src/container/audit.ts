// What the audit trail tells of the requests of the container dialect.
import { findByHexID, type HexIDKind } from '@holdfast/db'
import type { Capability } from '@holdfast/domain'
import type { FastifyRequest } from 'fastify'
import type { AnsweredRequest, AuditedDialect, AuditSubject } from '../audit-trail.ts'
import type { OperationContext } from '../operations/operation-context.ts'

/** What is about rights and secrets. */
const SECURITY: ReadonlySet<Capability | 'public' | 'any'> = new Set([
  'api-keys-manage',
  'hubs-roles-manage',
  'hubs-integrations-manage',
])

export function auditedDialect(context: OperationContext): AuditedDialect {
  return {
    deedOf: ({ method, routeOptions }) => {
      const { containerRoute } = routeOptions.config
      if (containerRoute === undefined || !['POST', 'PATCH', 'DELETE'].includes(method)) {
        return undefined
      }
      return { isRevealing: false, isAboutSecurity: SECURITY.has(containerRoute.capability) }
    },
    namedAccountOf: async (request) => {
      const hexID = String(request.headers['x-hub-id'] ?? '')
      return (await findByHexID(context.database, { kind: 'account', hexID }))?.id
    },
    subjectOf: async (answered) => {
      const { request, accountID } = answered
      const account = { resourceID: accountID, resourceName: 'account' }
      const made = await madeResource(context, answered)
      return made ?? request.auditSubject ?? (await namedResource(context, answered)) ?? account
    },
  }
}

/** To be called before the deed, after which what the path names may be gone. */
export async function noteAuditSubject(
  context: OperationContext,
  request: FastifyRequest,
): Promise<void> {
  if (!['PATCH', 'DELETE'].includes(request.method)) return
  const { accountID } = request.caller
  const subject = await namedResource(context, { request, accountID })
  if (subject !== undefined) request.auditSubject = subject
}

interface Named {
  readonly kind: HexIDKind
  readonly resourceName: string
}

const BY_PARAMETER: Readonly<Record<string, Named>> = {
  containerId: { kind: 'app', resourceName: 'app' },
  instanceId: { kind: 'instance', resourceName: 'app' },
  backupId: { kind: 'backup', resourceName: 'appBackup' },
  jobId: { kind: 'task', resourceName: 'task' },
  integrationId: { kind: 'bucket', resourceName: 'bucket' },
  roleId: { kind: 'role', resourceName: 'role' },
  apikeyId: { kind: 'api-key', resourceName: 'apiKey' },
}

/** By the last part of the path that makes one. */
const BY_COLLECTION: Readonly<Record<string, Named>> = {
  integrations: { kind: 'bucket', resourceName: 'bucket' },
  roles: { kind: 'role', resourceName: 'role' },
  'api-keys': { kind: 'api-key', resourceName: 'apiKey' },
}

async function madeResource(
  context: OperationContext,
  { request, reply, payload, accountID }: AnsweredRequest,
): Promise<AuditSubject | undefined> {
  const collection = request.routeOptions.config.containerRoute?.path.split('/').at(-1) ?? ''
  const named = BY_COLLECTION[collection]
  if (reply.statusCode !== 201 || named === undefined || !(payload instanceof Buffer)) {
    return undefined
  }
  const { data } = JSON.parse(payload.toString()) as { readonly data: { readonly id: string } }
  return await subjectBy(context, named, { accountID, hexID: data.id })
}

/** The last thing that the path names and that is there. */
async function namedResource(
  context: OperationContext,
  { request, accountID }: Pick<AnsweredRequest, 'request' | 'accountID'>,
): Promise<AuditSubject | undefined> {
  const params = Object.entries((request.params ?? {}) as Readonly<Record<string, string>>)
  for (const [parameter, hexID] of params.toReversed()) {
    const named = BY_PARAMETER[parameter]
    const found = named && (await subjectBy(context, named, { accountID, hexID }))
    if (found !== undefined) return found
  }
  return undefined
}

async function subjectBy(
  { database }: OperationContext,
  { kind, resourceName }: Named,
  { accountID, hexID }: { readonly accountID: string; readonly hexID: string },
): Promise<AuditSubject | undefined> {
  const found = await findByHexID(database, { kind, accountID, hexID })
  if (found === undefined) return undefined
  return { resourceID: found.id, resourceName, appID: found.appID }
}
