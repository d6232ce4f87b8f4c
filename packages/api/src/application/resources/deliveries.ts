// Deliveries: notifications on their way to receivers outside, and what became of them.
import { DELIVERIES, DELIVERY_CHANNELS, DELIVERY_STATES, type Delivery } from '@holdfast/db'
import { Type } from 'typebox'
import { PLAIN_INTERNAL_PROBLEMS } from '../internal-problems.ts'
import type { ResourceDefinition } from '../resource-definition.ts'
import {
  COMMON_FIELDS,
  IdSchema,
  MetadataSchema,
  TimeSchema,
  toWireMetadata,
  toWireTime,
} from '../shared-schemas.ts'

const VERSIONS = ['1.0'] as const

export const deliveries: ResourceDefinition<Delivery> = {
  name: 'delivery',
  plural: 'deliveries',
  vendor: 'holdfast',
  title: 'delivery of a notification',
  versions: VERSIONS,
  kind: 'resource',
  source: DELIVERIES,
  readPermission: 'manage-webhooks',
  response: Type.Object(
    {
      type: Type.Literal('application/holdfast-delivery'),
      version: Type.Enum([...VERSIONS]),
      id: IdSchema,
      eventID: IdSchema,
      channel: Type.Enum([...DELIVERY_CHANNELS]),
      webhookID: Type.Optional(IdSchema),
      userID: Type.Optional(IdSchema),
      state: Type.Enum([...DELIVERY_STATES]),
      attempts: Type.Integer({ minimum: 0 }),
      nextAttemptTime: Type.Optional(TimeSchema),
      lastError: Type.Optional(Type.String({ description: 'Why the last try failed.' })),
      deliveredTime: Type.Optional(TimeSchema),
      metadata: MetadataSchema,
    },
    { additionalProperties: false },
  ),
  fields: {
    ...COMMON_FIELDS,
    eventID: 'eventID',
    channel: 'channel',
    webhookID: 'webhookID',
    userID: 'userID',
    state: 'state',
    attempts: 'attempts',
    nextAttemptTime: 'nextAttemptAt',
    lastError: 'lastError',
    deliveredTime: 'deliveredAt',
  },
  toWire: (delivery) => ({
    type: 'application/holdfast-delivery',
    version: delivery.version,
    id: delivery.id,
    eventID: delivery.eventID,
    channel: delivery.channel,
    ...(delivery.webhookID === undefined ? {} : { webhookID: delivery.webhookID }),
    ...(delivery.userID === undefined ? {} : { userID: delivery.userID }),
    state: delivery.state,
    attempts: delivery.attempts,
    ...(delivery.nextAttemptAt === undefined
      ? {}
      : { nextAttemptTime: toWireTime(delivery.nextAttemptAt) }),
    ...(delivery.lastError === undefined ? {} : { lastError: delivery.lastError }),
    ...(delivery.deliveredAt === undefined
      ? {}
      : { deliveredTime: toWireTime(delivery.deliveredAt) }),
    metadata: toWireMetadata(delivery),
  }),
  internalProblems: PLAIN_INTERNAL_PROBLEMS,
  collections: [
    {
      path: '/accounts/:account_id/holdfast/v1/deliveries',
      itemParameter: 'delivery_id',
      parents: [],
    },
  ],
}
