// The audit trail: every write and every refused write, and every reading of a repository's
// password, as events of the account.
//
// The event is written after the deed and before its answer: whoever got an answer finds the event.
// Only a crash between the two leaves a deed without one, and that deed was never acknowledged. An
// event that cannot be written is told in the log and does not fail the request it tells of; the
// answer with a secret is the exception.
import { type EventSeverity, isAccountKnown, recordEvent } from '@holdfast/db'
import { parseId } from '@holdfast/domain'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Caller } from '../operations/caller.ts'
import type { OperationContext } from '../operations/operation-context.ts'
import { OperationError } from '../operations/operation-failure.ts'
import type { Permission } from '../operations/permission.ts'

const METHODS = { POST: 'post', PUT: 'put', DELETE: 'delete', GET: 'get' } as const
type AuditedMethod = keyof typeof METHODS

/** What is about people, rights and secrets. */
const SECURITY: ReadonlySet<Permission> = new Set([
  'manage-accounts',
  'manage-people',
  'manage-own-user',
  'manage-own-tokens',
  'manage-credentials',
  'reveal-repository',
])

/** Nobody who cannot even authenticate may fill the account's events. */
const STRANGERS_PER_MINUTE_MAX = 30

export function auditRequests(app: FastifyInstance, context: OperationContext): void {
  const mayTellOfStranger = makeLimit(STRANGERS_PER_MINUTE_MAX)
  app.addHook('onSend', async (request, reply, payload) => {
    if (!isAudited(request)) return payload
    try {
      const accountID = await accountOf(context, request)
      if (accountID === undefined) return payload
      if (!isKnown(request) && !mayTellOfStranger(accountID, context.now())) return payload
      await tell(context, { request, reply, accountID })
    } catch (error) {
      request.log.error({ err: error }, 'the audit event was not written')
      if (isRevealing(request) && reply.statusCode === 200) {
        throw new OperationError({ code: 'audit-unavailable' })
      }
    }
    return payload
  })
}

function isAudited(request: FastifyRequest): boolean {
  if (request.routeOptions.config.permission === undefined) return false
  return isRevealing(request) || ['POST', 'PUT', 'DELETE'].includes(request.method)
}

function isRevealing({ method, routeOptions }: FastifyRequest): boolean {
  return method === 'GET' && routeOptions.config.permission === 'reveal-repository'
}

/** The caller is there as soon as it is known who calls, also when they are refused afterwards. */
function isKnown(request: FastifyRequest): boolean {
  return (request.caller as Caller | undefined) !== undefined
}

async function accountOf(
  { database }: OperationContext,
  request: FastifyRequest,
): Promise<string | undefined> {
  if (isKnown(request)) return request.caller.accountID
  const id = parseId<string>(parametersOf(request).account_id ?? '')
  return id !== undefined && (await isAccountKnown(database, id)) ? id : undefined
}

async function tell(
  context: OperationContext,
  answered: {
    readonly request: FastifyRequest
    readonly reply: FastifyReply
    readonly accountID: string
  },
): Promise<void> {
  const { request, reply, accountID } = answered
  const { permission } = request.routeOptions.config
  const status = reply.statusCode
  const isRefusedByRight = status === 401 || status === 403
  const { resourceID, resourceName } = resourceOf(request, reply, accountID)
  const who = isKnown(request) ? request.caller.email : 'Somebody without a valid token'
  const deed = deedOf(request, status)
  const path = (request.url.split('?')[0] ?? '').replace(/\/+$/, '')
  const appID = parseId<string>(parametersOf(request).app_id ?? '')
  await recordEvent(context.database, {
    id: context.newID(),
    accountID,
    name: `holdfast.audit.${deed}`,
    summary: `${capitalize(wordsOf(resourceName))}: ${deed}`,
    description: `${who} at ${request.ip}: ${request.method} ${path} was answered with ${status}.`,
    source: 'holdfast',
    severity: severityOf(status),
    class:
      isRefusedByRight || (permission !== undefined && SECURITY.has(permission))
        ? 'security'
        : 'user',
    eventTime: context.now(),
    correlationID: request.id,
    resourceID,
    resourceName,
    // As links have it; a path with anything else in it names nothing that exists.
    ...(/^(\/[-0-9a-zA-Z]+)+$/.test(path) ? { resourceURI: path } : {}),
    visibility: ['owner', 'admin'],
    ...(appID === undefined ? {} : { appID }),
    ...(isKnown(request) ? { userID: request.caller.userID } : {}),
    remoteAddress: request.ip,
    method: METHODS[request.method as AuditedMethod],
    methodResult: String(status),
  })
}

/** What was made, or the last thing that the path names, or the account. */
function resourceOf(request: FastifyRequest, reply: FastifyReply, accountID: string) {
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

function deedOf(request: FastifyRequest, status: number): string {
  if (status === 401 || status === 403) return 'denied'
  if (status >= 500) return 'failed'
  if (status >= 400) return 'refused'
  if (isRevealing(request)) return 'revealed'
  if (request.method === 'PUT') return 'changed'
  if (request.method === 'DELETE') return 'deleted'
  return status === 201 ? 'created' : 'done'
}

function severityOf(status: number): EventSeverity {
  return status === 401 || status === 403 || status >= 500 ? 'warning' : 'informational'
}

/** `appBackup` → `app backup` */
function wordsOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function makeLimit(perMinuteMax: number): (key: string, now: Date) => boolean {
  let minute = 0
  let counts = new Map<string, number>()
  return (key, now) => {
    const present = Math.floor(now.getTime() / 60_000)
    if (present !== minute) {
      minute = present
      counts = new Map()
    }
    const count = (counts.get(key) ?? 0) + 1
    counts.set(key, count)
    return count <= perMinuteMax
  }
}
