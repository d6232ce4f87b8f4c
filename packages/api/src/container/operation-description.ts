// Describes a route for the OpenAPI document, and for the tests that check answers by it.
import { type TSchema, Type } from 'typebox'
import { PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX } from './read-query.ts'
import type { QueryDefinition, RouteDefinition } from './route-definition.ts'

export function describeRoute(definition: RouteDefinition) {
  const { operationID, summary, description, tag, capability, headers, body } = definition
  const isPublic = capability === 'public'
  const parameters = [...definition.path.matchAll(/:([A-Za-z]+)/g)].map((match) => match[1] ?? '')
  const needed = isPublic || capability === 'any' ? [] : [`Needs the capability \`${capability}\`.`]
  return {
    operationId: operationID,
    summary,
    description: [...(description === undefined ? [] : [description]), ...needed].join(' '),
    tags: [tag],
    security: securityOf(definition),
    ...(parameters.length === 0 ? {} : { params: pathSchema(parameters) }),
    ...(definition.query === undefined ? {} : { querystring: querySchema(definition.query) }),
    ...(headers === undefined ? {} : { headers }),
    ...(body === undefined ? {} : { body, consumes: ['application/json'] }),
    response: responsesOf(definition),
  }
}

/** Names of `components.securitySchemes`. */
function securityOf({ capability, isHubHeaderOptional }: RouteDefinition) {
  if (capability === 'public') return []
  return isHubHeaderOptional ? [{ token: [] }] : [{ token: [], hub: [] }]
}

function pathSchema(parameters: readonly string[]) {
  const id = Type.String({ pattern: '^[a-f0-9]{24}$' })
  return Type.Object(Object.fromEntries(parameters.map((name) => [name, id])))
}

function querySchema({ include, meta, sort, filter = [], isPaged = false }: QueryDefinition) {
  const keys = sort?.flatMap((key) => [key, `-${key}`])
  return Type.Object({
    ...(include === undefined ? {} : { include: arrayOf(include, 'What to send beside.') }),
    ...(meta === undefined ? {} : { meta: arrayOf(meta, 'What to add to each resource.') }),
    ...(keys === undefined ? {} : { sort: arrayOf(keys, 'Descending with a minus before it.') }),
    ...Object.fromEntries(
      filter.map((name) => [
        `filter[${name}]`,
        Type.Optional(Type.String({ description: 'Values, with commas between.' })),
      ]),
    ),
    ...(isPaged ? PAGE_PARAMETERS : {}),
  })
}

/** Repeated, or joined by commas. */
function arrayOf(values: readonly string[], description: string) {
  return Type.Optional(Type.Array(Type.Enum([...values]), { description }))
}

const PAGE_PARAMETERS = {
  'page[size]': Type.Optional(
    Type.Integer({ minimum: 1, maximum: PAGE_SIZE_MAX, default: PAGE_SIZE_DEFAULT }),
  ),
  'page[number]': Type.Optional(Type.Integer({ minimum: 1, default: 1 })),
}

function responsesOf({ success, capability }: RouteDefinition) {
  const { status, data, includes, meta } = success
  const document = Type.Object(
    {
      data,
      ...(includes === undefined ? {} : { includes: Type.Optional(includes) }),
      ...(meta === undefined ? {} : { meta: Type.Optional(meta) }),
    },
    { additionalProperties: false },
  )
  const error = { $ref: 'ContainerError#' }
  const unknownCaller = { anyOf: [{ $ref: 'ContainerAuthError#' }, error] }
  return {
    [String(status)]: response(status === 202 ? 'The job that does it.' : 'As asked.', document),
    ...(capability === 'public'
      ? {}
      : { '401': response('Who calls is not known.', unknownCaller) }),
    default: response('Any other error.', error),
  }
}

function response(description: string, schema: TSchema | object) {
  return { description, content: { 'application/json': { schema } } }
}
