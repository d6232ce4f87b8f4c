// An instance as the dialect shows it.
import { hexIDOf, type Instance } from '@holdfast/db'
import { INSTANCE_STATES } from '@holdfast/domain'
import { Type } from 'typebox'
import { stateErrorOf } from './container-view.ts'
import { creatorScopeOf, toDateTime } from './scalars.ts'
import { CreatorScopeSchema, eventsSchema, HubIdSchema, IdSchema, stateSchema } from './schemas.ts'

const CLOSED = { additionalProperties: false } as const

const MetaSchema = Type.Object(
  {
    node: Type.Optional(Type.Object({}, CLOSED)),
    sdn_pool_ips: Type.Optional(Type.Array(Type.Never())),
  },
  CLOSED,
)

export const InstanceSchema = Type.Object(
  {
    id: IdSchema,
    creator: CreatorScopeSchema,
    hub_id: HubIdSchema,
    container_id: IdSchema,
    location_id: IdSchema,
    environment: Type.Object(
      {
        id: IdSchema,
        network_subnet: Type.String(),
        subnet: Type.String(),
        ipv6: Type.Null(),
        legacy: Type.Null(),
        mac_addr: Type.String(),
        vxlan_tag: Type.Integer(),
      },
      CLOSED,
    ),
    stateful: Type.Object({ id: IdSchema, base_hostname: Type.String() }, CLOSED),
    provider: Type.Object(
      { vendor: Type.String(), integration_id: IdSchema, location: Type.String() },
      CLOSED,
    ),
    server_id: IdSchema,
    ready_state: Type.Enum(['active']),
    hostname: Type.String(),
    state: stateSchema(INSTANCE_STATES),
    events: eventsSchema('created', 'updated', 'deleted'),
    meta: Type.Optional(MetaSchema),
  },
  CLOSED,
)

/** Required by the documents, and of nothing here: no integration provides the machines. */
const NO_ID = '0'.repeat(24)

/** `meta`: the values that were asked for. The cluster is the machine, and where that is. */
export function toWireInstance(instance: Instance, meta: ReadonlySet<string>) {
  const { accountID, createdBy, isByApiKey, createdAt, modifiedAt, hostname } = instance
  const clusterID = hexIDOf(instance.clusterID)
  return {
    id: instance.id,
    creator: creatorScopeOf({ accountID, createdBy, isApiKey: isByApiKey }),
    hub_id: hexIDOf(accountID),
    container_id: hexIDOf(instance.appID),
    location_id: clusterID,
    environment: {
      id: clusterID,
      network_subnet: '',
      subnet: '',
      ipv6: null,
      legacy: null,
      mac_addr: '',
      vxlan_tag: 0,
    },
    stateful: { id: instance.id, base_hostname: hostname },
    provider: { vendor: 'holdfast', integration_id: NO_ID, location: instance.clusterName },
    server_id: clusterID,
    ready_state: 'active',
    hostname,
    state: {
      current: instance.state,
      changed: toDateTime(modifiedAt),
      ...stateErrorOf(instance.stateDetails, modifiedAt),
    },
    events: {
      created: toDateTime(createdAt),
      updated: toDateTime(modifiedAt),
      deleted: toDateTime(undefined),
    },
    ...metaOf(meta),
  }
}

function metaOf(meta: ReadonlySet<string>) {
  if (meta.size === 0) return {}
  return {
    meta: {
      ...(meta.has('node') ? { node: {} } : {}),
      ...(meta.has('sdn_pool_ips') ? { sdn_pool_ips: [] } : {}),
    },
  }
}
