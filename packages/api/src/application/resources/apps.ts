// Apps: what is protected, in both of their collections.
import { APPS, type App } from '@holdfast/db'
import { APP_STATE_TRANSITIONS } from '@holdfast/domain'
import type { Static } from 'typebox'
import { changeApp, FIXED_MEMBERS } from '../../operations/change-app.ts'
import { cloneApp } from '../../operations/clone-app.ts'
import { readCloneSource } from '../../operations/clone-source.ts'
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
import { COMMON_FIELDS, toWireMetadata, toWireStateDetails, toWireTime } from '../shared-schemas.ts'
import { linksOf } from './app-links.ts'
import {
  APP_VERSIONS,
  AppSchema,
  CreateAppSchema,
  type SentNamespacesSchema,
  UpdateAppSchema,
} from './app-schemas.ts'

const methods: Pick<Collection<App>, 'create' | 'update' | 'remove'> = {
  create: {
    permission: 'manage-apps',
    description:
      'Manages namespaces of a cluster as an app (clusterID and namespaceScopedResources), or makes a new app in new namespaces: a live clone (sourceAppID), or a restore from snapshotID or backupID.',
    body: CreateAppSchema,
    problems: [40, 46, 74, 75, 106, 112, 121, 122, 123, 124, 127, 129, 147, 151, 155, 156],
    run: (context, request) => {
      const clone = readClone(request)
      if (clone !== undefined) return cloneApp(context, request.caller, clone)
      return manageApp(context, request.caller, readCreate(request))
    },
  },
  update: {
    permission: 'manage-apps',
    description:
      'Renames or redefines the app, or restores it in place (exactly one of snapshotID and backupID, with ForceUpdate: true), whole or what restoreFilter selects.',
    headers: {
      ForceUpdate: '"true" confirms that a restore replaces what is there.',
      'Holdfast-In-Use': '"allow" restores although processes use the volumes.',
    },
    body: UpdateAppSchema,
    problems: [40, 46, 74, 76, 79, 112, 122, 124, 136, 147, 152, 155, 164],
    run: (context, request) => changeApp(context, request.caller, readUpdate(request)),
  },
  remove: {
    permission: 'manage-apps',
    description:
      'The app and its snapshots and backups leave every view, into the trash (holdfast/v1/trash); its schedules are disabled. What runs there is left alone.',
    problems: [112, 157],
    run: (context, { caller, id }) => removeApp(context, caller, id),
  },
}

export const apps: ResourceDefinition<App> = {
  name: 'app',
  plural: 'apps',
  vendor: 'astra',
  title: 'app',
  versions: APP_VERSIONS,
  kind: 'app',
  source: APPS,
  response: AppSchema,
  fields: {
    ...COMMON_FIELDS,
    name: 'name',
    clusterScopedResources: 'clusterScopedResources',
    namespaceScopedResources: 'namespaceScopedResources',
    lastResourceCollectionTimestamp: 'lastResourceCollectionAt',
    state: 'state',
    stateDetails: 'stateDetails',
    protectionState: 'protectionState',
    protectionStateDetails: 'protectionStateDetails',
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
    storageClassMapping: 'storageClassMapping',
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
  const sent = body as Static<typeof CreateAppSchema>
  refuseMembersOf(sent, CLONE_MEMBERS, 'belongs to a clone: no source is named')
  const clusterID = readClusterID(sent, parents)
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
  }
}

const CLONE_MEMBERS = [
  'namespaceMapping',
  'storageClassMapping',
  'restoreFilter',
  'namespace',
] as const
const DEFINITION_MEMBERS = ['namespaceScopedResources', 'clusterScopedResources'] as const

/** Undefined when no source is named: then the body defines an app. */
function readClone({ body, parents }: CreateRequest) {
  const sent = body as Static<typeof CreateAppSchema>
  const { namespaceMapping, storageClassMapping, restoreFilter } = sent
  const sources = Object.fromEntries(
    (['sourceAppID', 'snapshotID', 'backupID', 'sourceClusterID'] as const).flatMap((name) => {
      const value = sent[name]
      return value === undefined ? [] : [[name, lowerId(value)]]
    }),
  )
  if (readCloneSource(sources) === undefined) return undefined
  refuseMembersOf(sent, DEFINITION_MEMBERS, 'is taken over from the source of the clone')
  const clusterID = readClusterID(sent, parents)
  return {
    ...sources,
    name: sent.name,
    version: sent.version,
    labels: sent.metadata?.labels ?? [],
    ...(clusterID === undefined ? {} : { clusterID }),
    ...(namespaceMapping === undefined ? {} : { namespaceMapping }),
    ...(storageClassMapping === undefined ? {} : { storageClassMapping }),
    ...(restoreFilter === undefined ? {} : { restoreFilter }),
    ...(sent.namespace === undefined ? {} : { namespace: sent.namespace }),
  }
}

function refuseMembersOf(
  sent: Static<typeof CreateAppSchema>,
  names: readonly (keyof Static<typeof CreateAppSchema>)[],
  reason: string,
): void {
  const members = names.filter((name) => sent[name] !== undefined).map((name) => ({ name, reason }))
  if (members.length > 0) throw new OperationError({ code: 'invalid-request', members })
}

function readClusterID(
  sent: Static<typeof CreateAppSchema>,
  parents: CreateRequest['parents'],
): string | undefined {
  const clusterID = sent.clusterID === undefined ? parents.clusterID : lowerId(sent.clusterID)
  if (parents.clusterID !== undefined && clusterID !== parents.clusterID) {
    const reason = 'is not the cluster in the path'
    const members = [{ name: 'clusterID', reason }]
    const resource = `cluster ${parents.clusterID}`
    throw new OperationError({ code: 'fixed-value-changed', resource, members })
  }
  return clusterID
}

function readNamespaces(sent: Static<typeof SentNamespacesSchema>) {
  return sent.map(({ namespace, labelSelectors }) => ({
    namespace,
    labelSelectors: labelSelectors ?? [],
  }))
}

function readUpdate({ id, body, headers, checkPreconditions }: UpdateRequest<App>) {
  const sent = body as Static<typeof UpdateAppSchema>
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
    ...(sent.restoreFilter === undefined ? {} : { restoreFilter: sent.restoreFilter }),
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
    protectionState: app.protectionState,
    protectionStateDetails: toWireStateDetails(app.protectionStateDetails),
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
    ...(app.storageClassMapping === undefined
      ? {}
      : { storageClassMapping: app.storageClassMapping }),
    ...(app.restoreFilter === undefined ? {} : { restoreFilter: app.restoreFilter }),
    metadata: toWireMetadata(app),
  }
}
