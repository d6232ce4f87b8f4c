// Turns what the validator says of a body into fields and reasons.
import type { FastifySchemaValidationError } from 'fastify'
import type { InvalidMember } from '../operations/operation-failure.ts'
import { RequestError } from './request-failure.ts'

/** Nobody mends more at once, and an answer is not to be many times what was sent. */
const MEMBERS_TOLD_MAX = 100

export function schemaViolation(errors: readonly FastifySchemaValidationError[]): RequestError {
  const reasons = new Map<string, Set<string>>()
  for (const error of errors) {
    // What the branches of a union said is there, too; that none of them fits tells nobody more.
    if (error.keyword === 'anyOf' && errors.length > 1) continue
    if (isOfferOfNull(error)) continue
    const name = memberOf(error)
    if (reasons.size >= MEMBERS_TOLD_MAX && !reasons.has(name)) continue
    reasons.set(name, (reasons.get(name) ?? new Set()).add(reasonOf(error)))
  }
  const members: InvalidMember[] = [...reasons].map(([name, why]) => ({
    name,
    reason: [...why].join(' and '),
  }))
  const report = members.map(({ name, reason }) => `${name} ${reason}`).join('; ')
  return new RequestError({ code: 'body-breaks-schema', members, report })
}

/** Where a member may be null besides, its value is judged by what else it may be. */
function isOfferOfNull({ keyword, params }: FastifySchemaValidationError): boolean {
  return keyword === 'type' && params.type === 'null'
}

/** `namespaceScopedResources[0].namespace`; `body` when the body itself is wrong. */
function memberOf({ instancePath, params }: FastifySchemaValidationError): string {
  const segments = instancePath
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'))
  const extra = params.missingProperty ?? params.additionalProperty
  if (typeof extra === 'string') segments.push(extra)
  const path = segments
    .map((segment) => (/^[0-9]+$/.test(segment) ? `[${segment}]` : `.${segment}`))
    .join('')
  return path === '' ? 'body' : path.replace(/^\./, '')
}

function reasonOf({ keyword, params, message }: FastifySchemaValidationError): string {
  switch (keyword) {
    case 'required':
      return 'is required'
    case 'additionalProperties':
      return 'is not known here'
    case 'enum':
      return `must be one of ${JSON.stringify(params.allowedValues).slice(1, -1)}`
    case 'const':
      return `must be ${JSON.stringify(params.allowedValue)}`
    case 'minLength':
      return `must have at least ${counted(params.limit, 'character')}`
    case 'maxLength':
      return `must have at most ${counted(params.limit, 'character')}`
    case 'minItems':
      return `must have at least ${counted(params.limit, 'element')}`
    case 'maxItems':
      return `must have at most ${counted(params.limit, 'element')}`
    default:
      return message ?? 'is invalid'
  }
}

function counted(limit: unknown, thing: string): string {
  return limit === 1 ? `1 ${thing}` : `${limit} ${thing}s`
}
