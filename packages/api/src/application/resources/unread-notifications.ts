// Which notifications a user has not read. Deleting one says that it was read.
import {
  markNotificationRead,
  NOTIFIED_USERS,
  UNREAD_NOTIFICATIONS,
  type UnreadNotification,
} from '@holdfast/db'
import { Type } from 'typebox'
import { PLAIN_INTERNAL_PROBLEMS } from '../internal-problems.ts'
import { GROUP } from '../parents.ts'
import type { Collection, Parent, ResourceDefinition } from '../resource-definition.ts'
import { COMMON_FIELDS, IdSchema, MetadataSchema, toWireMetadata } from '../shared-schemas.ts'
import { SeveritySchema } from './event-schema.ts'

const VERSIONS = ['1.0'] as const

const USER: Parent = {
  parameter: 'user_id',
  key: 'userID',
  kind: 'resource',
  source: NOTIFIED_USERS,
}

const remove: Collection<UnreadNotification>['remove'] = {
  permission: 'mark-notifications-read',
  description: 'The user has read the notification, which itself stays.',
  problems: [],
  run: ({ database }, { caller, id }) =>
    markNotificationRead(database, { accountID: caller.accountID, id }),
}

export const unreadNotifications: ResourceDefinition<UnreadNotification> = {
  name: 'unreadNotification',
  plural: 'unreadNotifications',
  vendor: 'astra',
  title: 'unread notification',
  versions: VERSIONS,
  kind: 'resource',
  source: UNREAD_NOTIFICATIONS,
  response: Type.Object(
    {
      type: Type.Literal('application/astra-unreadNotification'),
      version: Type.Enum([...VERSIONS]),
      id: IdSchema,
      notificationID: IdSchema,
      sequenceCount: Type.Integer({ description: 'Of the notification.' }),
      severity: SeveritySchema,
      metadata: MetadataSchema,
    },
    { additionalProperties: false },
  ),
  fields: {
    ...COMMON_FIELDS,
    notificationID: 'notificationID',
    sequenceCount: 'sequence',
    severity: 'severity',
  },
  toWire: (unread) => ({
    type: 'application/astra-unreadNotification',
    version: unread.version,
    id: unread.id,
    notificationID: unread.notificationID,
    sequenceCount: unread.sequence,
    severity: unread.severity,
    metadata: toWireMetadata(unread),
  }),
  internalProblems: PLAIN_INTERNAL_PROBLEMS,
  collections: [
    {
      path: '/accounts/:account_id/core/v1/users/:user_id/unreadNotifications',
      itemParameter: 'unreadNotification_id',
      parents: [USER],
      remove,
    },
    {
      path: '/accounts/:account_id/core/v1/groups/:group_id/users/:user_id/unreadNotifications',
      itemParameter: 'unreadNotification_id',
      parents: [GROUP, USER],
      remove,
    },
  ],
}
