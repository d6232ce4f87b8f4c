// What events and notifications look like: they have all their fields in common.
import { EVENT_SEVERITIES, type EventRecord } from '@holdfast/db'
import { type TObject, Type } from 'typebox'
import type { WireResource } from '../resource-definition.ts'
import {
  COMMON_FIELDS,
  IdSchema,
  MetadataSchema,
  TimeSchema,
  toWireMetadata,
  toWireTime,
} from '../shared-schemas.ts'

const CLOSED = { additionalProperties: false } as const

export const SeveritySchema = Type.Enum([...EVENT_SEVERITIES])

export function eventSchema(type: string, versions: readonly string[]): TObject {
  return Type.Object(
    {
      type: Type.Literal(type),
      version: Type.Enum([...versions]),
      id: IdSchema,
      name: Type.String({ minLength: 3, maxLength: 127, pattern: '^([a-z]+\\.)+[a-z]+$' }),
      sequenceCount: Type.Integer({ description: 'Rises with every event.' }),
      summary: Type.String({ minLength: 3, maxLength: 79 }),
      eventTime: TimeSchema,
      source: Type.String({ minLength: 1, maxLength: 19, pattern: '^([a-z-])*$' }),
      resourceID: IdSchema,
      additionalResourceIDs: Type.Array(IdSchema, { uniqueItems: true }),
      resourceType: Type.String({
        minLength: 4,
        maxLength: 79,
        pattern: '^application\\/astra-([a-zA-Z])+$',
      }),
      correlationID: IdSchema,
      severity: SeveritySchema,
      class: Type.Enum(['system', 'user', 'security']),
      description: Type.String({ minLength: 3, maxLength: 1023 }),
      correctiveAction: Type.Optional(Type.String({ minLength: 3, maxLength: 1023 })),
      visibility: Type.Optional(
        Type.Array(Type.String({ minLength: 1, maxLength: 63 }), {
          uniqueItems: true,
          description: 'Roles that may see it; absent: all.',
        }),
      ),
      destinations: Type.Array(Type.Enum(['notification', 'banner', 'support']), {
        uniqueItems: true,
      }),
      resourceURI: Type.Optional(Type.String({ minLength: 3, maxLength: 4095 })),
      resourceMethod: Type.Optional(Type.Enum(['options', 'post', 'get', 'put', 'delete'])),
      resourceMethodResult: Type.Optional(Type.String({ pattern: '^[1-5][0-9]{2}$' })),
      userID: Type.Optional(IdSchema),
      accountID: IdSchema,
      data: Type.Object(
        {
          ttl: Type.Optional(
            Type.Integer({
              description: 'Seconds after eventTime until it is removed; absent: it is kept.',
            }),
          ),
          remoteAddress: Type.Optional(
            Type.String({ description: 'Where the request that it tells of came from.' }),
          ),
        },
        CLOSED,
      ),
      metadata: MetadataSchema,
    },
    CLOSED,
  )
}

export const EVENT_FIELDS = {
  ...COMMON_FIELDS,
  name: 'name',
  sequenceCount: 'sequence',
  summary: 'summary',
  eventTime: 'eventTime',
  source: 'source',
  resourceID: 'resourceID',
  additionalResourceIDs: 'additionalResourceIDs',
  resourceType: 'resourceType',
  correlationID: 'correlationID',
  severity: 'severity',
  class: 'class',
  description: 'description',
  correctiveAction: 'correctiveAction',
  visibility: 'visibility',
  destinations: 'destinations',
  resourceURI: 'resourceURI',
  resourceMethod: 'method',
  resourceMethodResult: 'methodResult',
  userID: 'userID',
  accountID: 'accountID',
  data: 'data',
} as const

export function toWireEvent(type: string, event: EventRecord): WireResource {
  const { correctiveAction, visibility, resourceURI, method, methodResult, userID } = event
  const { ttlSeconds, remoteAddress } = event
  return {
    type,
    version: event.version,
    id: event.id,
    name: event.name,
    sequenceCount: event.sequence,
    summary: event.summary,
    eventTime: toWireTime(event.eventTime),
    source: event.source,
    resourceID: event.resourceID,
    additionalResourceIDs: event.additionalResourceIDs,
    resourceType: event.resourceType,
    correlationID: event.correlationID,
    severity: event.severity,
    class: event.class,
    description: event.description,
    ...(correctiveAction === undefined ? {} : { correctiveAction }),
    ...(visibility === undefined ? {} : { visibility }),
    destinations: event.destinations,
    ...(resourceURI === undefined ? {} : { resourceURI }),
    ...(method === undefined ? {} : { resourceMethod: method }),
    ...(methodResult === undefined ? {} : { resourceMethodResult: methodResult }),
    ...(userID === undefined ? {} : { userID }),
    accountID: event.accountID,
    data: {
      ...(ttlSeconds === undefined ? {} : { ttl: ttlSeconds }),
      ...(remoteAddress === undefined ? {} : { remoteAddress }),
    },
    metadata: toWireMetadata(event),
  }
}
