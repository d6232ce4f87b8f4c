// A container as the dialect shows it.
import {
  type Container,
  type ContainerBackupPolicy,
  hexIDOf,
  type StateDetail,
  textOfDetails,
} from '@holdfast/db'
import { CONTAINER_STATES } from '@holdfast/domain'
import { Type } from 'typebox'
import { ConfigSchema, toConfig } from './container-config.ts'
import { creatorScopeOf, toDateTime } from './scalars.ts'
import {
  CreatorScopeSchema,
  eventsSchema,
  HubIdSchema,
  IdentifierSchema,
  IdSchema,
  stateSchema,
} from './schemas.ts'

const CLOSED = { additionalProperties: false } as const

const MetaSchema = Type.Object(
  {
    instances_count: Type.Optional(
      Type.Object(
        {
          state: Type.Record(Type.String(), Type.Integer({ minimum: 0 })),
          total: Type.Integer({ minimum: 0 }),
          available: Type.Integer({ minimum: 0 }),
        },
        CLOSED,
      ),
    ),
    domains: Type.Optional(Type.Null()),
    ips: Type.Optional(Type.Array(Type.Never())),
  },
  CLOSED,
)

export const ContainerSchema = Type.Object(
  {
    id: IdSchema,
    name: Type.String(),
    identifier: IdentifierSchema,
    creator: CreatorScopeSchema,
    environment: Type.Object(
      {
        id: IdSchema,
        cluster: Type.String(),
        container_subnet: Type.Null(),
        ipv6: Type.Null(),
        legacy: Type.Null(),
      },
      CLOSED,
    ),
    hub_id: HubIdSchema,
    image: Type.Object({ id: Type.Null(), service: Type.Null(), extension: Type.Null() }, CLOSED),
    config: ConfigSchema,
    instances: Type.Integer({ minimum: 0 }),
    stateful: Type.Boolean(),
    deprecate: Type.Boolean(),
    lock: Type.Boolean(),
    deployment: Type.Null(),
    role: Type.Null(),
    state: stateSchema(CONTAINER_STATES, {
      desired: Type.Optional(Type.Enum([...CONTAINER_STATES])),
    }),
    events: eventsSchema('created', 'updated', 'deleted', 'started'),
    meta: Type.Optional(MetaSchema),
  },
  CLOSED,
)

export interface ContainerToShow {
  readonly container: Container
  readonly policy: ContainerBackupPolicy | undefined
  /** The values that were asked for. */
  readonly meta: ReadonlySet<string>
}

export function toWireContainer({ container, policy, meta }: ContainerToShow) {
  const { accountID, createdBy, isByApiKey, createdAt, modifiedAt } = container
  const config = toConfig(container, policy)
  return {
    id: hexIDOf(container.id),
    name: container.name,
    identifier: container.identifier,
    creator: creatorScopeOf({ accountID, createdBy, isApiKey: isByApiKey }),
    environment: {
      id: hexIDOf(container.clusterID),
      cluster: container.clusterName,
      container_subnet: null,
      ipv6: null,
      legacy: null,
    },
    hub_id: hexIDOf(accountID),
    image: { id: null, service: null, extension: null },
    config,
    instances: config.deploy.instances,
    // Every app here keeps data; backups are for those that do.
    stateful: true,
    deprecate: false,
    lock: false,
    deployment: null,
    role: null,
    state: {
      current: container.state,
      desired: 'running',
      changed: toDateTime(modifiedAt),
      ...stateErrorOf(container.stateDetails, modifiedAt),
    },
    events: {
      created: toDateTime(createdAt),
      updated: toDateTime(modifiedAt),
      deleted: toDateTime(undefined),
      started: toDateTime(createdAt),
    },
    ...metaOf(container, meta),
  }
}

export function stateErrorOf(details: readonly StateDetail[], time: Date) {
  if (details.length === 0) return {}
  return { error: { message: textOfDetails(details), time: toDateTime(time) } }
}

function metaOf({ instances }: Container, meta: ReadonlySet<string>) {
  if (meta.size === 0) return {}
  const total = Object.values(instances).reduce((sum, count) => sum + count, 0)
  return {
    meta: {
      ...(meta.has('instances_count')
        ? { instances_count: { state: instances, total, available: total } }
        : {}),
      ...(meta.has('domains') ? { domains: null } : {}),
      ...(meta.has('ips') ? { ips: [] } : {}),
    },
  }
}
