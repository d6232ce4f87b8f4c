// Apps: what is protected, in both of their collections.
import { APPS, type App } from '@holdfast/db'
import { APP_STATE_TRANSITIONS, APP_STATES } from '@holdfast/domain'
import { type Static, Type } from 'typebox'
import { changeApp, FIXED_MEMBERS } from '../../operations/change-app.ts'
import { manageApp } from '../../operations/manage-app.ts'
import { OperationError } from '../../operations/operation-failure.ts'
import { removeApp } from '../../operations/remove-app.ts'
import { MANAGED_CLUSTER } from '../parents.ts'
import type {
  Collection,
  CreateRequest,
  ResourceDefinition,
  UpdateRequest,
  WireResource,
} from '../resource-definition.ts'
import { lowerId } from '../sent-values.ts'
import {
  COMMON_FIELDS,
  DnsLabelSchema,
  DnsNameSchema,
  IdSchema,
  LinkSchema,
  MetadataSchema,
  SentIdSchema,
  SentMetadataSchema,
  StateDetailSchema,
  TimeSchema,
  toWireMetadata,
  toWireStateDetails,
  toWireTime,
} from '../shared-schemas.ts'
import { linksOf } from './app-links.ts'

const VERSIONS = ['2.0', '2.1', '2.2'] as const
const CLOSED = { additionalProperties: false } as const
const SET = { uniqueItems: true } as const
// That no namespace is named twice is checked by the operation: comparing objects with each other
// takes quadratic time, which a large body must not cost.
const LIST = { maxItems: 1000 } as const

const GvkSchema = Type.Object(
  { group: Type.String(), kind: Type.String(), version: Type.String() },
  CLOSED,
)
const ClusterScopedSchema = Type.Array(
  Type.Object(
    { GVK: GvkSchema, labelSelectors: Type.Optional(Type.Array(Type.String(), SET)) },
    CLOSED,
  ),
  LIST,
)
const SentNamespacesSchema = Type.Array(
  Type.Object(
    { namespace: DnsNameSchema, labelSelectors: Type.Optional(Type.Array(Type.String(), SET)) },
    CLOSED,
  ),
  LIST,
)
const NamespaceMappingSchema = Type.Array(
  Type.Object({ source: DnsNameSchema, destination: DnsNameSchema }, CLOSED),
  LIST,
)
const StorageClassMappingSchema = Type.Array(
  Type.Object(
    {
      source: Type.String({
        minLength: 1,
        maxLength: 63,
        pattern: '^(([a-z0-9]([-a-z0-9]*[a-z0-9])?)|(\\*))$',
      }),
      destination: DnsLabelSchema,
    },
    CLOSED,
  ),
  LIST,
)
const GvknSchema = Type.Object(
  {
    group: Type.Optional(Type.String()),
    version: Type.Optional(Type.String()),
    kind: Type.Optional(Type.String()),
    namespaces: Type.Optional(Type.Array(DnsLabelSchema, SET)),
    names: Type.Optional(Type.Array(DnsNameSchema, SET)),
    labelSelectors: Type.Optional(Type.Array(Type.String(), SET)),
  },
  CLOSED,
)
const RestoreFilterSchema = Type.Object(
  {
    resourceSelectionCriteria: Type.Enum(['include', 'exclude']),
    GVKN: Type.Array(GvknSchema, LIST),
  },
  CLOSED,
)

const sentMembers = {
  clusterScopedResources: Type.Optional(ClusterScopedSchema),
  namespaceScopedResources: Type.Optional(SentNamespacesSchema),
  namespaceMapping: Type.Optional(NamespaceMappingSchema),
  storageClassMapping: Type.Optional(StorageClassMappingSchema),
  clusterID: Type.Optional(SentIdSchema),
  sourceAppID: Type.Optional(SentIdSchema),
  sourceClusterID: Type.Optional(SentIdSchema),
  backupID: Type.Optional(SentIdSchema),
  snapshotID: Type.Optional(SentIdSchema),
  restoreFilter: Type.Optional(RestoreFilterSchema),
  metadata: Type.Optional(SentMetadataSchema),
}

const CreateSchema = Type.Object(
  {
    type: Type.Literal('application/astra-app'),
    version: Type.Enum([...VERSIONS]),
    name: DnsLabelSchema,
    ...sentMembers,
  },
  CLOSED,
)

/** What a client got from us it may send back: members that only we set are not looked at. */
const UpdateSchema = Type.Object(
  {
    type: Type.Literal('application/astra-app'),
    version: Type.Enum([...VERSIONS]),
    id: Type.Optional(SentIdSchema),
    name: Type.Optional(DnsLabelSchema),
    ...sentMembers,
    links: Type.Optional(Type.Array(Type.Unknown())),
    lastResourceCollectionTimestamp: Type.Optional(TimeSchema),
    state: Type.Optional(Type.Enum([...APP_STATES])),
    stateTransitions: Type.Optional(Type.Array(Type.Unknown())),
    stateDetails: Type.Optional(Type.Array(Type.Unknown())),
    protectionState: Type.Optional(Type.String()),
    protectionStateDetails: Type.Optional(Type.Array(Type.Unknown())),
    appDetectedType: Type.Optional(Type.String()),
    namespaces: Type.Optional(Type.Array(Type.String())),
    clusterName: Type.Optional(Type.String()),
    clusterType: Type.Optional(Type.String()),
    sourceClusterName: Type.Optional(Type.String()),
    replicationSourceAppID: Type.Optional(SentIdSchema),
  },
  CLOSED,
)

const ResponseSchema = Type.Object(
  {
    type: Type.Literal('application/astra-app'),
    version: Type.Enum([...VERSIONS]),
    id: IdSchema,
    links: Type.Array(LinkSchema),
    name: DnsLabelSchema,
    clusterScopedResources: ClusterScopedSchema,
    namespaceScopedResources: Type.Array(
      Type.Object(
        { namespace: DnsNameSchema, labelSelectors: Type.Array(Type.String(), SET) },
        CLOSED,
      ),
      SET,
    ),
    lastResourceCollectionTimestamp: Type.Optional(TimeSchema),
    state: Type.Enum([...APP_STATES]),
    stateTransitions: Type.Array(
      Type.Object({ from: Type.String(), to: Type.Array(Type.String()) }, CLOSED),
    ),
    stateDetails: Type.Array(StateDetailSchema),
    protectionState: Type.Enum(['atRisk', 'protected', 'partial', 'none']),
    protectionStateDetails: Type.Array(StateDetailSchema),
    namespaces: Type.Array(Type.String({ minLength: 1, maxLength: 253 }), SET),
    namespaceMapping: Type.Optional(NamespaceMappingSchema),
    clusterName: Type.String(),
    clusterID: IdSchema,
    clusterType: Type.Enum(['gke', 'aks', 'eks', 'openshift', 'kubernetes', 'host', 'docker']),
    sourceAppID: Type.Optional(IdSchema),
    sourceClusterName: Type.Optional(Type.String()),
    sourceClusterID: Type.Optional(IdSchema),
    backupID: Type.Optional(IdSchema),
    snapshotID: Type.Optional(IdSchema),
    restoreFilter: Type.Optional(RestoreFilterSchema),
    metadata: MetadataSchema,
  },
  CLOSED,
)

const methods: Pick<Collection<App>, 'create' | 'update' | 'remove'> = {
  create: {
    permission: 'manage-apps',
    description:
      'Manages namespaces of a cluster as an app (clusterID and namespaceScopedResources). Clones (sourceAppID, snapshotID, backupID) are answered with problem 151 by this version.',
    body: CreateSchema,
    problems: [40, 106, 121, 122, 124, 147, 151],
    run: (context, request) => manageApp(context, request.caller, readCreate(request)),
  },
  update: {
    permission: 'manage-apps',
    description:
      'Renames or redefines the app, or restores it in place (exactly one of snapshotID and backupID, with ForceUpdate: true).',
    headers: {
      ForceUpdate: '"true" confirms that a restore replaces what is there.',
      'Holdfast-In-Use': '"allow" restores although processes use the volumes.',
    },
    body: UpdateSchema,
    problems: [40, 46, 74, 76, 79, 112, 122, 124, 136, 147, 152, 155],
    run: (context, request) => changeApp(context, request.caller, readUpdate(request)),
  },
  remove: {
    permission: 'manage-apps',
    description:
      'The app and its snapshots and backups leave every view; what runs there is left alone.',
    problems: [112, 157],
    run: (context, { caller, id }) => removeApp(context, caller, id),
  },
}

export const apps: ResourceDefinition<App> = {
  name: 'app',
  plural: 'apps',
  vendor: 'astra',
  title: 'app',
  versions: VERSIONS,
  kind: 'app',
  source: APPS,
  response: ResponseSchema,
  fields: {
    ...COMMON_FIELDS,
    name: 'name',
    clusterScopedResources: 'clusterScopedResources',
    namespaceScopedResources: 'namespaceScopedResources',
    lastResourceCollectionTimestamp: 'lastResourceCollectionAt',
    state: 'state',
    stateDetails: 'stateDetails',
    namespaces: 'namespaces',
    namespaceMapping: 'namespaceMapping',
    clusterName: 'clusterName',
    clusterID: 'clusterID',
    clusterType: 'clusterType',
    sourceAppID: 'sourceAppID',
    sourceClusterName: 'sourceClusterName',
    sourceClusterID: 'sourceClusterID',
    backupID: 'backupID',
    snapshotID: 'snapshotID',
    restoreFilter: 'restoreFilter',
  },
  toWire,
  internalProblems: { list: 88, get: 86, create: 90, update: 80, remove: 91 },
  collections: [
    {
      path: '/accounts/:account_id/k8s/v2/apps',
      itemParameter: 'app_id',
      parents: [],
      ...methods,
    },
    {
      path: '/accounts/:account_id/topology/v2/managedClusters/:managedCluster_id/apps',
      itemParameter: 'app_id',
      parents: [MANAGED_CLUSTER],
      ...methods,
    },
  ],
}

function readCreate({ body, parents }: CreateRequest) {
  const sent = body as Static<typeof CreateSchema>
  const clusterID = sent.clusterID === undefined ? parents.clusterID : lowerId(sent.clusterID)
  if (parents.clusterID !== undefined && clusterID !== parents.clusterID) {
    const reason = 'is not the cluster in the path'
    const members = [{ name: 'clusterID', reason }]
    const resource = `cluster ${parents.clusterID}`
    throw new OperationError({ code: 'fixed-value-changed', resource, members })
  }
  return {
    name: sent.name,
    version: sent.version,
    labels: sent.metadata?.labels ?? [],
    ...(clusterID === undefined ? {} : { clusterID }),
    ...(sent.namespaceScopedResources === undefined
      ? {}
      : { namespaceScopedResources: readNamespaces(sent.namespaceScopedResources) }),
    ...(sent.clusterScopedResources === undefined
      ? {}
      : { clusterScopedResources: sent.clusterScopedResources }),
    ...(sent.sourceAppID === undefined ? {} : { sourceAppID: lowerId(sent.sourceAppID) }),
    ...(sent.snapshotID === undefined ? {} : { snapshotID: lowerId(sent.snapshotID) }),
    ...(sent.backupID === undefined ? {} : { backupID: lowerId(sent.backupID) }),
  }
}

function readNamespaces(sent: Static<typeof SentNamespacesSchema>) {
  return sent.map(({ namespace, labelSelectors }) => ({
    namespace,
    labelSelectors: labelSelectors ?? [],
  }))
}

function readUpdate({ id, body, headers, checkPreconditions }: UpdateRequest<App>) {
  const sent = body as Static<typeof UpdateSchema>
  const fixed = FIXED_MEMBERS.flatMap((name) => {
    const value = sent[name]
    return value === undefined ? [] : [[name, lowerId(value)]]
  })
  return {
    appID: id,
    version: sent.version,
    ...(sent.name === undefined ? {} : { name: sent.name }),
    ...(sent.metadata?.labels === undefined ? {} : { labels: sent.metadata.labels }),
    ...(sent.namespaceScopedResources === undefined
      ? {}
      : { namespaceScopedResources: readNamespaces(sent.namespaceScopedResources) }),
    ...(sent.clusterScopedResources === undefined
      ? {}
      : { clusterScopedResources: sent.clusterScopedResources }),
    fixed: Object.fromEntries(fixed),
    ...(sent.snapshotID === undefined ? {} : { snapshotID: lowerId(sent.snapshotID) }),
    ...(sent.backupID === undefined ? {} : { backupID: lowerId(sent.backupID) }),
    hasRestoreFilter: sent.restoreFilter !== undefined,
    ...(sent.state === undefined ? {} : { state: sent.state }),
    isRestoreConfirmed: isSaid(headers.forceupdate, 'true'),
    isInUseAllowed: isSaid(headers['holdfast-in-use'], 'allow'),
    checkPreconditions,
  }
}

function isSaid(header: string | readonly string[] | undefined, word: string): boolean {
  return typeof header === 'string' && header.trim().toLowerCase() === word
}

function toWire(app: App): WireResource {
  return {
    type: 'application/astra-app',
    version: app.version,
    id: app.id,
    links: linksOf(app),
    name: app.name,
    clusterScopedResources: app.clusterScopedResources,
    namespaceScopedResources: app.namespaceScopedResources,
    ...(app.lastResourceCollectionAt === undefined
      ? {}
      : { lastResourceCollectionTimestamp: toWireTime(app.lastResourceCollectionAt) }),
    state: app.state,
    stateTransitions: APP_STATE_TRANSITIONS,
    stateDetails: toWireStateDetails(app.stateDetails),
    // No schedule protects it: copies are made when somebody asks for them.
    protectionState: 'none',
    protectionStateDetails: [],
    namespaces: app.namespaceScopedResources.map((resource) => resource.namespace),
    ...(app.namespaceMapping === undefined ? {} : { namespaceMapping: app.namespaceMapping }),
    clusterName: app.clusterName,
    clusterID: app.clusterID,
    clusterType: app.clusterType,
    ...(app.sourceAppID === undefined ? {} : { sourceAppID: app.sourceAppID }),
    ...(app.sourceClusterName === undefined ? {} : { sourceClusterName: app.sourceClusterName }),
    ...(app.sourceClusterID === undefined ? {} : { sourceClusterID: app.sourceClusterID }),
    ...(app.backupID === undefined ? {} : { backupID: app.backupID }),
    ...(app.snapshotID === undefined ? {} : { snapshotID: app.snapshotID }),
    ...(app.restoreFilter === undefined ? {} : { restoreFilter: app.restoreFilter }),
    metadata: toWireMetadata(app),
  }
}
