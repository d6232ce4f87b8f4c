// Webhooks: where notifications are sent to.
import { WEBHOOK_SEVERITIES, WEBHOOKS, type Webhook } from '@holdfast/db'
import { type Static, Type } from 'typebox'
import { changeWebhook, createWebhook, removeWebhook } from '../../operations/change-webhook.ts'
import { PLAIN_INTERNAL_PROBLEMS } from '../internal-problems.ts'
import type { ResourceDefinition } from '../resource-definition.ts'
import {
  COMMON_FIELDS,
  IdSchema,
  MetadataSchema,
  SentIdSchema,
  SentMetadataSchema,
  TrueFalseSchema,
  toWireMetadata,
} from '../shared-schemas.ts'

const VERSIONS = ['1.0'] as const
const CLOSED = { additionalProperties: false } as const
const TYPE = 'application/holdfast-webhook'

const NameSchema = Type.String({ minLength: 1, maxLength: 63 })
const UrlSchema = Type.String({
  minLength: 8,
  maxLength: 2048,
  description: 'Notifications are posted there. Redirects are not followed.',
})
const SecretSchema = Type.String({
  pattern: '^whsec_[A-Za-z0-9+/]{32,86}={0,2}$',
  description:
    'whsec_ and 24 to 64 random bytes in base64, as Standard Webhooks has it. Signs each delivery; never shown.',
})
const SeveritySchema = Type.Enum([...WEBHOOK_SEVERITIES], {
  description: 'Only notifications that are as grave, and the end of such ones.',
})

const CreateSchema = Type.Object(
  {
    type: Type.Literal(TYPE),
    version: Type.Enum([...VERSIONS]),
    name: NameSchema,
    url: UrlSchema,
    secret: SecretSchema,
    isEnabled: Type.Optional(TrueFalseSchema),
    minimumSeverity: Type.Optional(SeveritySchema),
    metadata: Type.Optional(SentMetadataSchema),
  },
  CLOSED,
)

const UpdateSchema = Type.Object(
  {
    type: Type.Literal(TYPE),
    version: Type.Enum([...VERSIONS]),
    id: Type.Optional(SentIdSchema),
    name: Type.Optional(NameSchema),
    url: Type.Optional(UrlSchema),
    secret: Type.Optional(SecretSchema),
    isEnabled: Type.Optional(TrueFalseSchema),
    minimumSeverity: Type.Optional(SeveritySchema),
    metadata: Type.Optional(SentMetadataSchema),
  },
  CLOSED,
)

export const webhooks: ResourceDefinition<Webhook> = {
  name: 'webhook',
  plural: 'webhooks',
  vendor: 'holdfast',
  title: 'webhook',
  versions: VERSIONS,
  kind: 'resource',
  source: WEBHOOKS,
  // Addresses of webhooks are often secrets themselves.
  readPermission: 'manage-webhooks',
  response: Type.Object(
    {
      type: Type.Literal(TYPE),
      version: Type.Enum([...VERSIONS]),
      id: IdSchema,
      name: NameSchema,
      url: UrlSchema,
      isEnabled: TrueFalseSchema,
      minimumSeverity: SeveritySchema,
      metadata: MetadataSchema,
    },
    CLOSED,
  ),
  fields: {
    ...COMMON_FIELDS,
    name: 'name',
    url: 'url',
    isEnabled: 'isEnabled',
    minimumSeverity: 'minimumSeverity',
  },
  toWire: (webhook) => ({
    type: TYPE,
    version: webhook.version,
    id: webhook.id,
    name: webhook.name,
    url: webhook.url,
    isEnabled: String(webhook.isEnabled),
    minimumSeverity: webhook.minimumSeverity,
    metadata: toWireMetadata(webhook),
  }),
  internalProblems: PLAIN_INTERNAL_PROBLEMS,
  collections: [
    {
      path: '/accounts/:account_id/holdfast/v1/webhooks',
      itemParameter: 'webhook_id',
      parents: [],
      create: {
        permission: 'manage-webhooks',
        description: 'From now on notifications of this severity are posted to the address.',
        body: CreateSchema,
        problems: [],
        run: (context, { caller, body }) => {
          const { isEnabled, minimumSeverity, metadata, ...sent } = body as Static<
            typeof CreateSchema
          >
          return createWebhook(context, caller, {
            version: sent.version,
            name: sent.name,
            url: sent.url,
            secret: sent.secret,
            isEnabled: isEnabled !== 'false',
            minimumSeverity: minimumSeverity ?? 'informational',
            labels: metadata?.labels ?? [],
          })
        },
      },
      update: {
        permission: 'manage-webhooks',
        body: UpdateSchema,
        problems: [],
        run: (context, { caller, id, body, checkPreconditions }) => {
          const sent = body as Static<typeof UpdateSchema>
          const { name, url, secret, isEnabled, minimumSeverity, metadata } = sent
          return changeWebhook(context, caller, {
            id,
            version: sent.version,
            checkPreconditions,
            ...(name === undefined ? {} : { name }),
            ...(url === undefined ? {} : { url }),
            ...(secret === undefined ? {} : { secret }),
            ...(isEnabled === undefined ? {} : { isEnabled: isEnabled === 'true' }),
            ...(minimumSeverity === undefined ? {} : { minimumSeverity }),
            ...(metadata?.labels === undefined ? {} : { labels: metadata.labels }),
          })
        },
      },
      remove: {
        permission: 'manage-webhooks',
        description: 'What is on its way to it is not sent any more.',
        problems: [],
        run: (context, { caller, id }) => removeWebhook(context, caller, id),
      },
    },
  ],
}
