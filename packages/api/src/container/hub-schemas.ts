// Shapes of the hub's own resources: itself, its roles and its API keys.
import { CAPABILITIES } from '@holdfast/domain'
import { Type } from 'typebox'
import {
  CreatorScopeSchema,
  eventsSchema,
  HubIdSchema,
  IdentifierSchema,
  IdSchema,
  nullable,
  stateSchema,
} from './schemas.ts'

const CLOSED = { additionalProperties: false } as const

export const CapabilitySchema = Type.Enum([...CAPABILITIES])

export const RoleCapabilitiesSchema = Type.Object(
  {
    all: Type.Boolean({ description: 'Every capability, also those that come later.' }),
    specific: Type.Array(CapabilitySchema, {
      maxItems: CAPABILITIES.length,
      uniqueItems: true,
      description: 'Means nothing beside all.',
    }),
  },
  CLOSED,
)

export const RoleSchema = Type.Object(
  {
    id: IdSchema,
    name: nullable(Type.String()),
    root: Type.Boolean({ description: 'It has control over all roles.' }),
    default: nullable(
      Type.String({ description: 'The default role that it is; null: one of the hub itself.' }),
    ),
    rank: Type.Integer({ minimum: 0, maximum: 10 }),
    identifier: IdentifierSchema,
    creator: CreatorScopeSchema,
    capabilities: RoleCapabilitiesSchema,
    extra: Type.Record(Type.String(), Type.String()),
    hub_id: HubIdSchema,
    state: stateSchema(['live']),
    events: eventsSchema('created', 'updated', 'deleted'),
    meta: Type.Optional(
      Type.Object(
        {
          counts: Type.Object(
            {
              members: Type.Integer({
                description: 'Users whose role of the service is this one.',
              }),
              api_keys: Type.Integer(),
            },
            CLOSED,
          ),
        },
        CLOSED,
      ),
    ),
  },
  CLOSED,
)

const LIFE = ['new', 'configuring', 'live', 'inactive', 'deleting', 'deleted'] as const

export const ApiKeySchema = Type.Object(
  {
    id: IdSchema,
    hub_id: HubIdSchema,
    name: Type.String(),
    creator: CreatorScopeSchema,
    secret: Type.String({ description: 'In the answer that made the key; empty ever after.' }),
    role_id: IdSchema,
    ips: nullable(Type.Array(Type.String(), { description: 'Addresses and networks.' })),
    state: stateSchema(LIFE),
    events: eventsSchema('created', 'updated', 'deleted'),
  },
  CLOSED,
)

export const HubSchema = Type.Object(
  {
    id: HubIdSchema,
    identifier: IdentifierSchema,
    name: Type.String(),
    creator: CreatorScopeSchema,
    events: eventsSchema('created', 'updated', 'deleted'),
    state: stateSchema(LIFE),
    security: Type.Object({ force_2fa: Type.Boolean() }, CLOSED),
    integrations: Type.Object({}, CLOSED),
    webhooks: Type.Object({ server_deployed: Type.Null(), server_deleted: Type.Null() }, CLOSED),
    billing: Type.Null(),
  },
  CLOSED,
)
