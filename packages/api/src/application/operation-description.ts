// Describes one operation of a resource for validation (bodies) and for the OpenAPI document.
import type { ResourceCommon } from '@holdfast/db'
import type { FastifySchema } from 'fastify'
import { type TObject, type TSchema, Type } from 'typebox'
import { PROBLEMS, type ProblemNumber } from './problem-catalogue.ts'
import {
  type Collection,
  listTypeOf,
  type ResourceDefinition,
  typeOf,
} from './resource-definition.ts'
import { ListMetadataSchema } from './shared-schemas.ts'

export type Verb = 'list' | 'get' | 'create' | 'update' | 'remove'

/** Problems that every operation may answer. */
const ALWAYS: readonly ProblemNumber[] = [3, 4, 11, 14, 41]
const WITH_BODY: readonly ProblemNumber[] = [7, 8, 9, 10, 85]

const BASELINE: Readonly<Record<Verb, readonly ProblemNumber[]>> = {
  list: [5, 6, 2, ...ALWAYS],
  get: [6, 2, ...ALWAYS],
  create: [6, 2, ...ALWAYS, ...WITH_BODY],
  update: [6, 1, 38, ...ALWAYS, ...WITH_BODY],
  remove: [6, 1, 38, ...ALWAYS],
}

/** As `@fastify/swagger` reads it. Only `body` validates; the rest has its own grammar or checks. */
export interface OperationDescription extends FastifySchema {
  readonly body?: TSchema
  readonly response: Readonly<Record<string, ResponseDescription>>
}

export interface ResponseDescription {
  readonly description: string
  readonly headers?: object
  readonly content?: Readonly<Record<string, { readonly schema: object }>>
  readonly type?: string
}

export function describeOperation<Resource extends ResourceCommon>(
  definition: ResourceDefinition<Resource>,
  collection: Collection<Resource>,
  verb: Verb,
): OperationDescription {
  const method = verb === 'list' || verb === 'get' ? undefined : collection[verb]
  const problems = [
    ...BASELINE[verb],
    ...(method?.problems ?? definition.readProblems ?? []),
    definition.internalProblems[verb],
  ]
  const body = 'body' in (method ?? {}) ? (method as { body: TObject }).body : undefined
  return {
    operationId: operationIDOf(definition, collection, verb),
    summary: summaryOf(definition, verb),
    description: method?.description ?? summaryOf(definition, verb),
    tags: [definition.plural],
    params: pathParameters(collection, verb),
    ...(verb === 'list' ? { querystring: LIST_PARAMETERS } : {}),
    ...(verb === 'update' ? { headers: updateHeaders(collection) } : {}),
    ...(body === undefined
      ? {}
      : { body, consumes: ['application/json', `${typeOf(definition)}+json`] }),
    response: { ...successOf(definition, verb), ...problemResponses(problems) },
  }
}

/** `listAppBackupsOfApp`: the verb, what it is about, and the parents in the path. */
function operationIDOf<Resource extends ResourceCommon>(
  { name, plural, vendor }: ResourceDefinition<Resource>,
  { path }: Collection<Resource>,
  verb: Verb,
): string {
  const noun = verb === 'list' ? plural : name
  // Our own view of a documented resource.
  const isOurs = vendor !== 'holdfast' && path.includes('/holdfast/')
  const subject = isOurs ? `Holdfast${capitalize(noun)}` : noun
  const parents = parameterNames(path)
    .filter((parameter) => parameter !== 'account_id')
    .map((parameter) => capitalize(parameter.replace(/_id$/, '')))
  return `${verb}${capitalize(subject)}${parents.length > 0 ? 'Of' : ''}${parents.join('')}`
}

function capitalize(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}

function parameterNames(path: string): string[] {
  return [...path.matchAll(/:([A-Za-z_]+)/g)].map((match) => match[1] ?? '')
}

function summaryOf({ title }: { readonly title: string }, verb: Verb): string {
  const verbs: Record<Verb, string> = {
    list: `List: ${title}`,
    get: `Read: ${title}`,
    create: `Create: ${title}`,
    update: `Change: ${title}`,
    remove: `Delete: ${title}`,
  }
  return verbs[verb]
}

function pathParameters<Resource extends ResourceCommon>(
  { path, itemParameter }: Collection<Resource>,
  verb: Verb,
): TObject {
  const names = parameterNames(path)
  if (verb === 'get' || verb === 'update' || verb === 'remove') names.push(itemParameter)
  const id = Type.String({ format: 'uuid' })
  return Type.Object(Object.fromEntries(names.map((name) => [name, id])))
}

const LIST_PARAMETERS = Type.Object({
  include: Type.Optional(
    Type.String({
      pattern: '^([0-9a-zA-Z]+)(,[0-9a-zA-Z]+)*$',
      description: 'Top-level fields; each item becomes an array of their values in this order.',
    }),
  ),
  filter: Type.Optional(
    Type.String({
      description:
        "Comma-separated expressions <field> <eq|lt|gt|lte|gte|in> '<value>', all of which must hold. Members are joined by dots, elements of arrays are reached by [*]; in: contains.",
    }),
  ),
  orderBy: Type.Optional(
    Type.String({
      pattern: '^(([0-9a-zA-Z]+)(( |%20)desc)?)$',
      description: 'One top-level field, ascending, or descending with " desc" behind it.',
    }),
  ),
  limit: Type.Optional(Type.String({ pattern: '^([1-9][0-9]*)$', description: 'Items at most.' })),
  skip: Type.Optional(
    Type.String({ pattern: '^([1-9][0-9]*)$', description: 'Items to pass over first.' }),
  ),
  count: Type.Optional(
    Type.String({ pattern: '^true$', description: 'Adds the number of all matches.' }),
  ),
  continue: Type.Optional(
    Type.String({ description: 'metadata.continue of the page before this one.' }),
  ),
})

function updateHeaders<Resource extends ResourceCommon>(collection: Collection<Resource>): TObject {
  const described = {
    'If-Match': 'Entity tag that the resource must have.',
    'If-Unmodified-Since': 'The resource must not have changed since.',
    'If-Modified-Since': 'The resource must have changed since.',
    ...collection.update?.headers,
  }
  return Type.Object(
    Object.fromEntries(
      Object.entries(described).map(([name, description]) => [
        name,
        Type.Optional(Type.String({ description })),
      ]),
    ),
  )
}

function successOf<Resource extends ResourceCommon>(
  definition: ResourceDefinition<Resource>,
  verb: Verb,
): Record<string, ResponseDescription> {
  if (verb === 'update') return { 204: { description: 'Changed.', type: 'null' } }
  if (verb === 'remove') return { 204: { description: 'Deleted.', type: 'null' } }
  const types = [typeOf(definition), ...(verb === 'list' ? [listTypeOf(definition)] : [])]
  const schema = verb === 'list' ? listSchemaOf(definition) : definition.response
  const headers = {
    ...(verb === 'list' ? {} : { Etag: { type: 'string', description: 'Entity tag.' } }),
    ...(verb === 'create' ? { Location: { type: 'string', description: 'Full URL.' } } : {}),
  }
  const description = verb === 'create' ? 'The new resource.' : 'As asked.'
  const content = contentOf(['application/json', ...types.map((type) => `${type}+json`)], schema)
  return { [verb === 'create' ? 201 : 200]: { description, headers, content } }
}

export function listSchemaOf<Resource extends ResourceCommon>(
  definition: ResourceDefinition<Resource>,
): TObject {
  return Type.Object(
    {
      type: Type.Literal(listTypeOf(definition)),
      version: Type.Literal(definition.versions.at(-1) ?? ''),
      items: Type.Array(
        Type.Union([
          definition.response,
          Type.Array(Type.Unknown(), { description: 'The values of the included fields.' }),
        ]),
      ),
      metadata: ListMetadataSchema,
    },
    { additionalProperties: false },
  )
}

function contentOf(mediaTypes: readonly string[], schema: TSchema) {
  return Object.fromEntries(mediaTypes.map((type) => [type, { schema }]))
}

/** One response a status, naming all its problems. */
export function problemResponses(
  numbers: readonly ProblemNumber[],
): Record<string, ResponseDescription> {
  const byStatus = Map.groupBy(
    [...new Set(numbers)].toSorted((one, other) => one - other),
    (number) => PROBLEMS[number].status,
  )
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [
      status,
      {
        description: group.map((number) => `${number}: ${PROBLEMS[number].title}`).join('; '),
        content: { 'application/problem+json': { schema: { $ref: 'Problem#' } } },
      },
    ]),
  )
}
