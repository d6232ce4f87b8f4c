// Turns what the validator says of a body into fields and reasons.
import type { FastifySchemaValidationError } from 'fastify'
import type { InvalidMember } from '../operations/operation-failure.ts'
import { RequestError } from './request-failure.ts'

export function schemaViolation(errors: readonly FastifySchemaValidationError[]): RequestError {
  const reasons = new Map<string, Set<string>>()
  for (const error of errors) {
    const name = memberOf(error)
    reasons.set(name, (reasons.get(name) ?? new Set()).add(reasonOf(error)))
  }
  const members: InvalidMember[] = [...reasons].map(([name, why]) => ({
    name,
    reason: [...why].join(' and '),
  }))
  const report = members.map(({ name, reason }) => `${name} ${reason}`).join('; ')
  return new RequestError({ code: 'body-breaks-schema', members, report })
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
    default:
      return message ?? 'is invalid'
  }
}
