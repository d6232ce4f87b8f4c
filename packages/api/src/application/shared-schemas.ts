// Schemas that all resources share, and the conversions of shared values to the wire.
import type { ResourceCommon, StateDetail } from '@holdfast/db'
import { type Static, Type } from 'typebox'

const HEX = '[0-9a-f]'
const ANY_CASE_HEX = '[0-9a-fA-F]'

/** What the service answers: version 4, version 5 or nil, in lower case. */
export const IdSchema = Type.String({ pattern: idPattern(HEX) })

/** What the service accepts: the same in any case. */
export const SentIdSchema = Type.String({ pattern: idPattern(ANY_CASE_HEX) })

function idPattern(hex: string): string {
  const version4 = `4${hex}{3}-[89ab${hex === ANY_CASE_HEX ? 'AB' : ''}]${hex}{3}`
  const version5 = `5${hex}{3}-${hex}{4}`
  return `^(${hex}{8}-${hex}{4}-(${version4}|${version5})-${hex}{12}|00000000-0000-0000-0000-000000000000)$`
}

export const TIME_PATTERN =
  '^[0-9]{4}-(0[1-9]|1[0-2])-([0][1-9]|[1-2][0-9]|3[0-1])T([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])(|[.,]([0-9]{1,9}))Z$'

export const TimeSchema = Type.String({ pattern: TIME_PATTERN })

export const DNS_LABEL_PATTERN = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'

export const DnsLabelSchema = Type.String({
  minLength: 1,
  maxLength: 63,
  pattern: DNS_LABEL_PATTERN,
})

export const DnsNameSchema = Type.String({
  minLength: 1,
  maxLength: 253,
  pattern: DNS_LABEL_PATTERN,
})

/** A name of a place. Printable ASCII; what could be markup, a path or a statement is refused. */
export const PlaceNameSchema = Type.String({
  minLength: 1,
  maxLength: 63,
  pattern: '^(?!.*\\.\\./)[ !#-%(-:=?-\\[\\]-_a-~]*$',
})

export const TrueFalseSchema = Type.Enum(['true', 'false'])

const CLOSED = { additionalProperties: false } as const

export const LabelSchema = Type.Object({ name: Type.String(), value: Type.String() }, CLOSED)

export const MetadataSchema = Type.Object(
  {
    labels: Type.Array(LabelSchema),
    creationTimestamp: TimeSchema,
    modificationTimestamp: TimeSchema,
    createdBy: IdSchema,
    modifiedBy: Type.Optional(IdSchema),
  },
  CLOSED,
)

/** Only `labels` counts; what else a client got from us and sends back is not looked at. */
export const SentMetadataSchema = Type.Object(
  {
    labels: Type.Optional(Type.Array(LabelSchema)),
    creationTimestamp: Type.Optional(Type.String()),
    modificationTimestamp: Type.Optional(Type.String()),
    createdBy: Type.Optional(Type.String()),
    modifiedBy: Type.Optional(Type.String()),
  },
  CLOSED,
)

export const ListMetadataSchema = Type.Object(
  {
    labels: Type.Array(LabelSchema),
    creationTimestamp: TimeSchema,
    modificationTimestamp: TimeSchema,
    createdBy: IdSchema,
    continue: Type.Optional(
      Type.String({ description: 'Send it as the parameter continue to get the next page.' }),
    ),
    count: Type.Optional(
      Type.Integer({ minimum: 0, description: 'All matches, pages aside; when asked for.' }),
    ),
  },
  CLOSED,
)

export const UnreadySchema = Type.Array(Type.String({ minLength: 1, maxLength: 127 }), {
  uniqueItems: true,
})

export const StateDetailSchema = Type.Object(
  {
    type: Type.String(),
    title: Type.String({ minLength: 1, maxLength: 40 }),
    detail: Type.String({ minLength: 1, maxLength: 511 }),
    additionalDetails: Type.Optional(Type.Object({})),
  },
  CLOSED,
)

export const LinkSchema = Type.Object(
  {
    rel: Type.Enum(['self', 'canonical', 'collection', 'up', 'related']),
    href: Type.String({ pattern: '^(\\/([-0-9a-zA-Z])+)+$' }),
    title: Type.Optional(Type.String({ minLength: 1, maxLength: 1023 })),
    hints: Type.Optional(
      Type.Object(
        {
          allow: Type.Optional(Type.Array(Type.Enum(['POST', 'GET', 'PUT', 'DELETE']))),
          permissions: Type.Optional(Type.Array(Type.String())),
        },
        CLOSED,
      ),
    ),
  },
  CLOSED,
)
export type Link = Static<typeof LinkSchema>

export function toWireTime(instant: Date): string {
  // Some clients read times with the exact pattern YYYY-MM-DDThh:mm:ssZ.
  return `${instant.toISOString().slice(0, 19)}Z`
}

export function toWireMetadata(resource: ResourceCommon): Static<typeof MetadataSchema> {
  return {
    labels: resource.labels.map(({ name, value }) => ({ name, value })),
    creationTimestamp: toWireTime(resource.createdAt),
    modificationTimestamp: toWireTime(resource.modifiedAt),
    createdBy: resource.createdBy,
    ...(resource.modifiedBy === undefined ? {} : { modifiedBy: resource.modifiedBy }),
  }
}

/** Reasons come from many places; what the wire bounds is bounded here. */
export function toWireUnready(reasons: readonly string[]): string[] {
  return [...new Set(reasons.filter((reason) => reason !== '').map(shorten(127)))]
}

export function toWireStateDetails(
  details: readonly StateDetail[],
): Static<typeof StateDetailSchema>[] {
  return details.map((detail) => ({
    type: detail.type,
    title: shorten(40)(detail.title),
    detail: shorten(511)(detail.detail),
    ...(detail.additionalDetails === undefined
      ? {}
      : { additionalDetails: detail.additionalDetails }),
  }))
}

function shorten(lengthMax: number): (text: string) => string {
  return (text) => {
    const characters = [...text]
    return characters.length <= lengthMax ? text : `${characters.slice(0, lengthMax - 1).join('')}…`
  }
}

/** Expressions of what all resources have; see `ResourceDefinition.fields`. */
export const COMMON_FIELDS = {
  id: 'id',
  version: 'version',
  'metadata.labels': 'labels',
  'metadata.creationTimestamp': 'createdAt',
  'metadata.modificationTimestamp': 'modifiedAt',
  'metadata.createdBy': 'createdBy',
  'metadata.modifiedBy': 'modifiedBy',
} as const
