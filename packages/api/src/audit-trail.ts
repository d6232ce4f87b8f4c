// The audit trail: every write and every refused write, and every reading of a repository's
// password, as events of the account, in whatever dialect.
//
// The event is written after the deed and before its answer: whoever got an answer finds the event.
// Only a crash between the two leaves a deed without one, and that deed was never acknowledged. An
// event that cannot be written is told in the log and does not fail the request it tells of; the
// answer with a secret is the exception.
import { type EventSeverity, recordEvent } from '@holdfast/db'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Caller } from './operations/caller.ts'
import type { OperationContext } from './operations/operation-context.ts'
import { OperationError } from './operations/operation-failure.ts'

/** What a dialect knows of its requests. */
export interface AuditedDialect {
  /** Undefined: the request is not audited. */
  readonly deedOf: (request: FastifyRequest) => AuditedDeed | undefined
  /** The account that a request names whose caller is not known; undefined: none that exists. */
  readonly namedAccountOf: (request: FastifyRequest) => Promise<string | undefined>
  readonly subjectOf: (answered: AnsweredRequest) => Promise<AuditSubject> | AuditSubject
}

export interface AuditedDeed {
  /** A secret is read, and not shown unless that is written down. */
  readonly isRevealing: boolean
  /** It is about people, rights and secrets. */
  readonly isAboutSecurity: boolean
}

export interface AnsweredRequest {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly payload: unknown
  readonly accountID: string
}

/** To what it was done. */
export interface AuditSubject {
  readonly resourceID: string
  /** As in the media type of the application dialect. */
  readonly resourceName: string
  readonly appID?: string | undefined
}

/** Events have no word for PATCH. */
const METHODS: Readonly<Record<string, 'post' | 'put' | 'delete' | 'get'>> = {
  POST: 'post',
  PUT: 'put',
  DELETE: 'delete',
  GET: 'get',
}

/** Nobody who cannot even authenticate may fill the account's events. */
const STRANGERS_PER_MINUTE_MAX = 30

export function auditRequests(
  app: FastifyInstance,
  context: OperationContext,
  dialect: AuditedDialect,
): void {
  const mayTellOfStranger = makeLimit(STRANGERS_PER_MINUTE_MAX)
  app.addHook('onSend', async (request, reply, payload) => {
    const deed = dialect.deedOf(request)
    if (deed === undefined) return payload
    try {
      const accountID = isKnown(request)
        ? request.caller.accountID
        : await dialect.namedAccountOf(request)
      if (accountID === undefined) return payload
      if (!isKnown(request) && !mayTellOfStranger(accountID, context.now())) return payload
      const answered = { request, reply, payload, accountID }
      await tell(context, { answered, deed, subject: await dialect.subjectOf(answered) })
    } catch (error) {
      request.log.error({ err: error }, 'the audit event was not written')
      if (deed.isRevealing && reply.statusCode === 200) {
        throw new OperationError({ code: 'audit-unavailable' })
      }
    }
    return payload
  })
}

/** The caller is there as soon as it is known who calls, also when they are refused afterwards. */
function isKnown(request: FastifyRequest): boolean {
  return (request.caller as Caller | undefined) !== undefined
}

async function tell(
  context: OperationContext,
  {
    answered,
    deed,
    subject,
  }: {
    readonly answered: AnsweredRequest
    readonly deed: AuditedDeed
    readonly subject: AuditSubject
  },
): Promise<void> {
  const { request, reply, accountID } = answered
  const { resourceID, resourceName, appID } = subject
  const status = reply.statusCode
  const isRefusedByRight = status === 401 || status === 403
  const who = isKnown(request) ? request.caller.email : 'Somebody who was not let in'
  const done = wordOf(request, status, deed)
  const path = (request.url.split('?')[0] ?? '').replace(/\/+$/, '')
  const method = METHODS[request.method]
  await recordEvent(context.database, {
    id: context.newID(),
    accountID,
    name: `holdfast.audit.${done}`,
    summary: `${capitalize(wordsOf(resourceName))}: ${done}`,
    description: `${who} at ${request.ip}: ${request.method} ${path} was answered with ${status}.`,
    source: 'holdfast',
    severity: severityOf(status),
    class: isRefusedByRight || deed.isAboutSecurity ? 'security' : 'user',
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
    ...(method === undefined ? {} : { method }),
    methodResult: String(status),
  })
}

function wordOf(request: FastifyRequest, status: number, { isRevealing }: AuditedDeed): string {
  if (status === 401 || status === 403) return 'denied'
  if (status >= 500) return 'failed'
  if (status >= 400) return 'refused'
  if (isRevealing) return 'revealed'
  if (request.method === 'PUT' || request.method === 'PATCH') return 'changed'
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
