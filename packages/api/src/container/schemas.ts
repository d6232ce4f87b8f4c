// Shapes that the resources of the dialect share. They describe what is answered; tests check every
// answer against them.
import { CAPABILITIES } from '@holdfast/domain'
import { type TProperties, type TSchema, Type } from 'typebox'
import { ERROR_TITLES } from './error-catalogue.ts'

const CLOSED = { additionalProperties: false } as const

export const IdSchema = Type.String({
  pattern: '^[a-f0-9]{24}$',
  description: 'The first 24 hexadecimal digits of a UUID.',
})

export const HubIdSchema = Type.String({ pattern: '^[a-f0-9]{24}$', description: 'Of the hub.' })

/** The zero time has no fraction: clients compare it as a text. */
export const DateTimeSchema = Type.String({
  pattern: '^(?!0001-01-01T00:00:00\\.)[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\\.[0-9]{1,9})?Z$',
  description: 'RFC 3339; 0001-01-01T00:00:00Z for what has not happened.',
})

/** Names stand in sentences of jobs, events and logs: nothing in them may look like the next line. */
export function printableText(limits: { readonly minLength?: number; readonly maxLength: number }) {
  return Type.String({ ...limits, pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]*$' })
}

export const IdentifierSchema = Type.String({
  minLength: 1,
  description: 'Made of the name when none is given.',
})

export const DurationSchema = Type.String({
  description: 'One or more <number><unit>, such as 72h45m2s; units ns us µs ms s m h d w y.',
})

export const CreatorScopeSchema = Type.Object(
  { id: IdSchema, type: Type.Enum(['account', 'api-key', 'platform']) },
  CLOSED,
)

export const StateErrorSchema = Type.Object(
  { message: Type.Optional(Type.String()), time: Type.Optional(DateTimeSchema) },
  CLOSED,
)

/** `error` is left out where there is none. */
export function stateSchema<Members extends TProperties>(
  values: readonly string[],
  more: Members = {} as Members,
) {
  return Type.Object(
    {
      current: Type.Enum([...values]),
      changed: DateTimeSchema,
      error: Type.Optional(StateErrorSchema),
      ...more,
    },
    CLOSED,
  )
}

/** `eventsSchema('created', 'updated', 'deleted')` */
export function eventsSchema(...names: readonly string[]) {
  return Type.Object(Object.fromEntries(names.map((name) => [name, DateTimeSchema])), CLOSED)
}

export function nullable<Schema extends TSchema>(schema: Schema) {
  return Type.Union([schema, Type.Null()])
}

export const ErrorEnvelopeSchema = Type.Object(
  {
    error: Type.Object(
      {
        status: Type.Integer({ minimum: 400, maximum: 599 }),
        code: Type.Enum(Object.keys(ERROR_TITLES)),
        title: Type.String({ minLength: 1 }),
        detail: Type.String({
          minLength: 1,
          description: 'What happened, to which resource, and what to do next.',
        }),
        source: Type.Optional(
          Type.String({ description: 'RFC 6901, into the body of the request.' }),
        ),
        extra: Type.Optional(
          Type.Object(
            { capability: Type.Enum([...CAPABILITIES], { description: 'The one that lacks.' }) },
            CLOSED,
          ),
        ),
      },
      CLOSED,
    ),
    data: Type.Null(),
  },
  { $id: 'ContainerError', ...CLOSED },
)

/** Of a caller who is not known, unless HOLDFAST_CONTAINER_AUTH_ERRORS says otherwise. */
export const OAuthErrorSchema = Type.Object(
  { error: Type.Enum(['invalid_token', 'invalid_request']), error_description: Type.String() },
  { $id: 'ContainerAuthError', ...CLOSED },
)
