// Turns what the validator says of a body into the one member that is told: where it is, as RFC
// 6901 writes it, and what is wrong with it.
import type { FastifySchemaValidationError } from 'fastify'
import { RequestError } from './request-failure.ts'

export function schemaViolation(errors: readonly FastifySchemaValidationError[]): RequestError {
  const told = errors.filter(isTelling)
  // That something is missing explains most of what else is wrong with what is there.
  const error = told.find(({ keyword }) => keyword === 'required') ?? told[0] ?? errors[0]
  if (error === undefined) {
    return new RequestError({ code: 'body-breaks-schema', pointer: '', reason: 'is invalid' })
  }
  const { instancePath, params } = error
  if (typeof params.missingProperty === 'string') {
    const pointer = `${instancePath}/${escapePointer(params.missingProperty)}`
    return new RequestError({ code: 'body-incomplete', pointer, reason: 'is missing' })
  }
  const extra = params.additionalProperty
  const pointer =
    typeof extra === 'string' ? `${instancePath}/${escapePointer(extra)}` : instancePath
  return new RequestError({ code: 'body-breaks-schema', pointer, reason: reasonOf(error) })
}

export function escapePointer(segment: string): string {
  return segment.replaceAll('~', '~0').replaceAll('/', '~1')
}

/** Whether it names a member of `body`, or one that an object in it lacks. */
export function pointsInto(body: unknown, pointer: string): boolean {
  const segments = pointer
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'))
  let value = body
  for (const segment of segments) {
    if (typeof value !== 'object' || value === null) return false
    value = (value as Readonly<Record<string, unknown>>)[segment]
  }
  return body !== undefined
}

/** What the branches of a union say explains more than that none of them fits. */
function isTelling({ keyword, params }: FastifySchemaValidationError): boolean {
  if (keyword === 'anyOf' || keyword === 'oneOf' || keyword === 'if') return false
  return !(keyword === 'type' && params.type === 'null')
}

function reasonOf({ keyword, params, message }: FastifySchemaValidationError): string {
  if (keyword === 'additionalProperties') return 'is not known here'
  if (keyword === 'const') return `must be ${JSON.stringify(params.allowedValue)}`
  if (keyword === 'enum') {
    return `must be one of ${JSON.stringify(params.allowedValues).slice(1, -1)}`
  }
  return message ?? 'is invalid'
}
