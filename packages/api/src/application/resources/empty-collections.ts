// Collections of what does not exist here: they answer an empty list, so that a client that lists
// everything goes on, and say why nothing can be added.
import { NOTHING, type ResourceCommon } from '@holdfast/db'
import { type Static, type TObject, type TSchema, Type } from 'typebox'
import {
  refuseHookOverride,
  refuseMirror,
  refuseStorageBackend,
} from '../../operations/refuse-foreign.ts'
import { PLAIN_INTERNAL_PROBLEMS } from '../internal-problems.ts'
import { APP, CLOUD, CLUSTER, MANAGED_CLUSTER } from '../parents.ts'
import type {
  Collection,
  CreateMethod,
  Parent,
  RemoveMethod,
  ResourceDefinition,
  UpdateMethod,
} from '../resource-definition.ts'
import { lowerId } from '../sent-values.ts'
import {
  COMMON_FIELDS,
  IdSchema,
  MetadataSchema,
  SentIdSchema,
  SentMetadataSchema,
  TrueFalseSchema,
} from '../shared-schemas.ts'

interface EmptyCollections {
  readonly name: string
  readonly plural: string
  readonly title: string
  readonly versions: readonly [string, ...string[]]
  /** Members that clients include, filter and order by. */
  readonly members: readonly string[]
  readonly places: readonly Place[]
  readonly create?: CreateMethod<ResourceCommon>
  /** What a change would carry; present where the documents have PUT and DELETE. */
  readonly update?: TObject
}

interface Place {
  /** Below the account. */
  readonly path: string
  readonly parents: readonly Parent[]
}

const CLOSED = { additionalProperties: false } as const

const MIRROR_VERSIONS = ['1.0', '1.1'] as const
const BACKEND_VERSIONS = ['1.0', '1.1', '1.2', '1.3'] as const

const EndsSchema = Type.Array(Type.Object({}), { maxItems: 2 })

const mirrorMembers = {
  type: Type.Literal('application/astra-appMirror'),
  version: Type.Enum([...MIRROR_VERSIONS]),
  namespaceMapping: Type.Optional(EndsSchema),
  storageClasses: Type.Optional(EndsSchema),
  metadata: Type.Optional(SentMetadataSchema),
}

const MirrorCreateSchema = Type.Object(
  {
    ...mirrorMembers,
    sourceAppID: SentIdSchema,
    destinationClusterID: SentIdSchema,
    stateDesired: Type.Enum(['established']),
  },
  CLOSED,
)

const MirrorUpdateSchema = Type.Object(
  {
    ...mirrorMembers,
    id: Type.Optional(SentIdSchema),
    sourceAppID: Type.Optional(SentIdSchema),
    sourceClusterID: Type.Optional(SentIdSchema),
    destinationAppID: Type.Optional(SentIdSchema),
    destinationClusterID: Type.Optional(SentIdSchema),
    stateDesired: Type.Optional(Type.Enum(['established', 'failedOver', 'deleted'])),
    ...answered(['state', 'stateTransitions', 'stateAllowed', 'stateDetails']),
    ...answered(['transferState', 'transferStateTransitions', 'transferStateDetails']),
    ...answered(['healthState', 'healthStateTransitions', 'healthStateDetails']),
  },
  CLOSED,
)

const BackendNameSchema = Type.String({ minLength: 1, maxLength: 63 })

const backendMembers = {
  type: Type.Literal('application/astra-storageBackend'),
  version: Type.Enum([...BACKEND_VERSIONS]),
  backendName: Type.Optional(BackendNameSchema),
  backendVersion: Type.Optional(BackendNameSchema),
  backendCredentialsName: Type.Optional(BackendNameSchema),
  metadata: Type.Optional(SentMetadataSchema),
}

const BackendCreateSchema = Type.Object(
  { ...backendMembers, backendType: Type.Enum(['ontap']) },
  CLOSED,
)

const BackendUpdateSchema = Type.Object(
  {
    ...backendMembers,
    id: Type.Optional(SentIdSchema),
    backendType: Type.Optional(Type.Enum(['ontap'])),
    configVersion: Type.Optional(BackendNameSchema),
    stateDesired: Type.Optional(Type.Enum(['running'])),
    ...answered(['state', 'stateUnready', 'managedState', 'managedStateUnready', 'ontap']),
    ...answered(['healthState', 'healthStateUnready']),
    ...answered(['protectionState', 'protectionStateUnready']),
  },
  CLOSED,
)

const overrideMembers = {
  type: Type.Literal('application/astra-executionHookOverride'),
  version: Type.Enum(['1.0']),
  metadata: Type.Optional(SentMetadataSchema),
}

const OverrideCreateSchema = Type.Object(
  { ...overrideMembers, executionHookID: SentIdSchema, enabled: TrueFalseSchema },
  CLOSED,
)

const OverrideUpdateSchema = Type.Object(
  {
    ...overrideMembers,
    id: Type.Optional(SentIdSchema),
    executionHookID: Type.Optional(SentIdSchema),
    enabled: Type.Optional(TrueFalseSchema),
    appID: Type.Optional(SentIdSchema),
  },
  CLOSED,
)

const EMPTY_COLLECTIONS: readonly EmptyCollections[] = [
  {
    name: 'appMirror',
    plural: 'appMirrors',
    title: 'mirror of an app',
    versions: MIRROR_VERSIONS,
    members: [
      ...['sourceAppID', 'sourceClusterID', 'destinationAppID', 'destinationClusterID'],
      ...['namespaceMapping', 'storageClasses', 'state', 'stateTransitions', 'stateDesired'],
      ...['stateAllowed', 'stateDetails', 'transferState', 'transferStateTransitions'],
      ...['transferStateDetails', 'healthState', 'healthStateTransitions', 'healthStateDetails'],
    ],
    places: [
      { path: 'k8s/v1/appMirrors', parents: [] },
      { path: 'k8s/v1/apps/:app_id/appMirrors', parents: [APP] },
    ],
    create: {
      permission: 'manage-apps',
      description: 'Refused: no cluster of this service can mirror volumes.',
      body: MirrorCreateSchema,
      problems: [106, 117, 150],
      run: (context, { caller, body }) => {
        const sent = body as Static<typeof MirrorCreateSchema>
        return refuseMirror(context, caller, {
          sourceAppID: lowerId(sent.sourceAppID),
          clusterID: lowerId(sent.destinationClusterID),
        })
      },
    },
    update: MirrorUpdateSchema,
  },
  {
    name: 'executionHookOverride',
    plural: 'executionHookOverrides',
    title: 'override of a supplied execution hook',
    versions: ['1.0'],
    members: ['executionHookID', 'enabled', 'appID'],
    places: [{ path: 'k8s/v1/apps/:app_id/executionHookOverrides', parents: [APP] }],
    create: {
      permission: 'manage-hooks',
      description: 'Refused: no hook comes with the product; disable your own hooks instead.',
      body: OverrideCreateSchema,
      problems: [168],
      run: (context, { caller }) => refuseHookOverride(context, caller),
    },
    update: OverrideUpdateSchema,
  },
  {
    name: 'storageBackend',
    plural: 'storageBackends',
    title: 'storage system',
    versions: BACKEND_VERSIONS,
    members: [
      ...['backendName', 'backendType', 'backendVersion', 'backendCredentialsName'],
      ...['configVersion', 'state', 'stateDesired', 'stateUnready', 'managedState'],
      ...['managedStateUnready', 'healthState', 'healthStateUnready', 'protectionState'],
      ...['protectionStateUnready', 'capabilities', 'ontap'],
    ],
    places: [{ path: 'topology/v1/storageBackends', parents: [] }],
    create: {
      permission: 'manage-clouds',
      description: 'Refused: this service does not look for storage systems.',
      body: BackendCreateSchema,
      problems: [133],
      run: (_context, { body }) => {
        const { backendName } = body as Static<typeof BackendCreateSchema>
        return refuseStorageBackend(backendName ?? 'without a name')
      },
    },
    update: BackendUpdateSchema,
  },
  {
    name: 'storageDevice',
    plural: 'storageDevices',
    title: 'storage device',
    versions: ['1.0'],
    members: ['name', 'state', 'size'],
    places: [
      { path: 'topology/v1/clusters/:cluster_id/storageDevices', parents: [CLUSTER] },
      {
        path: 'topology/v1/managedClusters/:managedCluster_id/storageDevices',
        parents: [MANAGED_CLUSTER],
      },
      {
        path: 'topology/v1/clouds/:cloud_id/clusters/:cluster_id/storageDevices',
        parents: [CLOUD, CLUSTER],
      },
    ],
  },
  ofAccount('asup', 'asups', 'report to a vendor', ['creationState', 'uploadState', 'state']),
  ofAccount('certificate', 'certificates', 'trusted certificate', [
    ...['name', 'certUse', 'cert', 'trustState', 'trustStateDetails', 'isSelfSigned'],
    ...['expiryTimestamp', 'issuer', 'subject'],
  ]),
  ofAccount('entitlement', 'entitlements', 'entitlement', ['product', 'category', 'state']),
  ofAccount('ldapGroup', 'ldapGroups', 'group of a directory', ['name', 'authID', 'cn', 'dn']),
  ofAccount('ldapUser', 'ldapUsers', 'user of a directory', [
    ...['name', 'authID', 'cn', 'dn', 'email', 'firstName', 'lastName'],
  ]),
  ofAccount('license', 'licenses', 'licence', ['name', 'licenseType', 'serialNumber', 'state']),
  ofAccount('package', 'packages', 'package', ['name', 'state', 'packageVersion']),
  ofAccount('subscription', 'subscriptions', 'subscription', ['name', 'state', 'term']),
  ofAccount('upgrade', 'upgrades', 'upgrade', ['name', 'state', 'upgradeVersion']),
]

export const emptyCollections: readonly ResourceDefinition[] = EMPTY_COLLECTIONS.map(definitionOf)

function ofAccount(
  name: string,
  plural: string,
  title: string,
  members: readonly string[],
): EmptyCollections {
  const places = [{ path: `core/v1/${plural}`, parents: [] }]
  return { name, plural, title, versions: ['1.0', '1.1'], members, places }
}

/** Members of answers, which a client may send back. */
function answered(members: readonly string[]): Record<string, TSchema> {
  return Object.fromEntries(members.map((member) => [member, Type.Optional(Type.Unknown())]))
}

function definitionOf(empty: EmptyCollections): ResourceDefinition {
  const { name, plural, title, versions, members } = empty
  return {
    name,
    plural,
    title,
    versions,
    vendor: 'astra',
    kind: 'resource',
    source: NOTHING,
    response: Type.Object(
      {
        type: Type.Literal(`application/astra-${name}`),
        version: Type.Enum([...versions]),
        id: IdSchema,
        ...answered(members),
        metadata: MetadataSchema,
      },
      CLOSED,
    ),
    // Which expression a member has does not matter where no row is.
    fields: { ...COMMON_FIELDS, ...Object.fromEntries(members.map((member) => [member, 'id'])) },
    toWire: () => {
      throw new RangeError(`There is no ${title} that could be shown.`)
    },
    internalProblems: PLAIN_INTERNAL_PROBLEMS,
    collections: empty.places.map((place) => collectionOf(empty, place)),
  }
}

function collectionOf(
  { name, create, update }: EmptyCollections,
  { path, parents }: Place,
): Collection<ResourceCommon> {
  const permission = create?.permission ?? 'read'
  return {
    path: `/accounts/:account_id/${path}`,
    itemParameter: `${name}_id`,
    parents,
    ...(create === undefined ? {} : { create }),
    ...(update === undefined
      ? {}
      : {
          update: { permission, body: update, problems: [], run: refuseAbsent(name) },
          remove: { permission, problems: [], run: refuseAbsent(name) },
        }),
  }
}

/** Never reached: what would be changed is looked for first, and is not there. */
function refuseAbsent(name: string): UpdateMethod<ResourceCommon>['run'] & RemoveMethod['run'] {
  return async () => {
    throw new RangeError(`There is no ${name} that could be changed.`)
  }
}
