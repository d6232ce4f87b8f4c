// What the audit trail tells of the requests of the application dialect.
import { isAccountKnown } from '@holdfast/db'
import { parseId } from '@holdfast/domain'
import type { FastifyRequest } from 'fastify'
import type { AnsweredRequest, AuditedDialect, AuditSubject } from '../audit-trail.ts'
import type { OperationContext } from '../operations/operation-context.ts'
import type { Permission } from '../operations/permission.ts'

/** What is about people, rights and secrets. */
const SECURITY: ReadonlySet<Permission> = new Set([
  'manage-accounts',
  'manage-people',
  'manage-own-user',
  'manage-own-tokens',
  'manage-credentials',
  'reveal-repository',
])

export function auditedDialect({ database }: OperationContext): AuditedDialect {
  return {
    deedOf: (request) => {
      const { permission } = request.routeOptions.config
      if (permission === undefined) return undefined
      const isRevealing = request.method === 'GET' && permission === 'reveal-repository'
      const isWriting = ['POST', 'PUT', 'DELETE'].includes(request.method)
      if (!isRevealing && !isWriting) return undefined
      return { isRevealing, isAboutSecurity: SECURITY.has(permission) }
    },
    namedAccountOf: async (request) => {
      const id = parseId<string>(parametersOf(request).account_id ?? '')
      return id !== undefined && (await isAccountKnown(database, id)) ? id : undefined
    },
    subjectOf: (answered) => {
      const appID = parseId<string>(parametersOf(answered.request).app_id ?? '')
      return { ...resourceOf(answered), appID }
    },
  }
}

/** What was made, or the last thing that the path names, or the account. */
function resourceOf({ request, reply, accountID }: AnsweredRequest): AuditSubject {
  const { resourceName } = request.routeOptions.config
  const location = reply.getHeader('location')
  const madeID = parseId<string>(
    String(location ?? '')
      .split('/')
      .at(-1) ?? '',
  )
  if (reply.statusCode === 201 && madeID !== undefined && resourceName !== undefined) {
    return { resourceID: madeID, resourceName }
  }
  const named = Object.entries(parametersOf(request)).flatMap(([parameter, value]) => {
    const id = parseId<string>(value)
    return id === undefined ? [] : [{ id, name: parameter.replace(/_id$/, '') }]
  })
  const last = named.at(-1)
  return { resourceID: last?.id ?? accountID, resourceName: last?.name ?? 'account' }
}

function parametersOf(request: FastifyRequest): Readonly<Record<string, string>> {
  return (request.params ?? {}) as Readonly<Record<string, string>>
}
