// Events, which tell what happened in the account, and notifications: those that someone should
// read.
import { EVENTS, type EventRecord, NOTIFICATIONS } from '@holdfast/db'
import { PLAIN_INTERNAL_PROBLEMS } from '../internal-problems.ts'
import type { ResourceDefinition } from '../resource-definition.ts'
import { EVENT_FIELDS, eventSchema, toWireEvent } from './event-schema.ts'

const EVENT = 'application/astra-event'
const EVENT_VERSIONS = ['1.0', '1.1', '1.2', '1.3', '1.4'] as const

export const events: ResourceDefinition<EventRecord> = {
  name: 'event',
  plural: 'events',
  vendor: 'astra',
  title: 'event',
  versions: EVENT_VERSIONS,
  kind: 'resource',
  source: EVENTS,
  response: eventSchema(EVENT, EVENT_VERSIONS),
  fields: EVENT_FIELDS,
  toWire: (event) => toWireEvent(EVENT, event),
  internalProblems: PLAIN_INTERNAL_PROBLEMS,
  collections: [
    { path: '/accounts/:account_id/core/v1/events', itemParameter: 'event_id', parents: [] },
  ],
}

const NOTIFICATION = 'application/astra-notification'
const NOTIFICATION_VERSIONS = ['1.0', '1.1', '1.2', '1.3'] as const

export const notifications: ResourceDefinition<EventRecord> = {
  ...events,
  name: 'notification',
  plural: 'notifications',
  title: 'notification',
  versions: NOTIFICATION_VERSIONS,
  source: NOTIFICATIONS,
  response: eventSchema(NOTIFICATION, NOTIFICATION_VERSIONS),
  toWire: (event) => toWireEvent(NOTIFICATION, event),
  collections: [
    {
      path: '/accounts/:account_id/core/v1/notifications',
      itemParameter: 'notification_id',
      parents: [],
    },
  ],
}
