// What a clone is made from: a living app, or a copy, whose own app may be gone.
import {
  APPLICATION_SNAPSHOTS,
  APPS,
  type AppFacts,
  BACKUPS,
  type CopyRef,
  findAppFacts,
  findCopyFacts,
  findResource,
  type NamespaceScopedResource,
  type Queries,
} from '@holdfast/db'
import { type Caller, scopeOf } from './caller.ts'
import { OperationError } from './operation-failure.ts'

export interface SourceNames {
  readonly sourceAppID?: string
  readonly snapshotID?: string
  readonly backupID?: string
  /** When given it must be the cluster of the source. */
  readonly sourceClusterID?: string
}

export interface CloneSource {
  /** Of a copy the app that it was made of, also when users do not see it any more. */
  readonly app: AppFacts
  /** Absent for a live clone. */
  readonly copy: CopyRef | undefined
  readonly namespaces: readonly NamespaceScopedResource[]
}

const SOURCES = ['sourceAppID', 'snapshotID', 'backupID'] as const

/** Undefined: the request defines an app and clones nothing. Fails when it names several sources. */
export function readCloneSource(names: SourceNames): (typeof SOURCES)[number] | undefined {
  const given = SOURCES.filter((name) => names[name] !== undefined)
  if (given.length <= 1) return given[0]
  const reason = 'at most one of sourceAppID, snapshotID and backupID may be given'
  const members = given.map((name) => ({ name, reason }))
  throw new OperationError({ code: 'invalid-request', members })
}

export async function findCloneSource(
  database: Queries,
  caller: Caller,
  names: SourceNames,
): Promise<CloneSource> {
  const source = await findSource(database, caller, names)
  const { app } = source
  const clusterID = names.sourceClusterID
  if (clusterID === undefined || clusterID === app.cluster.id) return source
  throw new OperationError({ code: 'source-not-on-cluster', appID: app.id, clusterID })
}

async function findSource(
  database: Queries,
  caller: Caller,
  names: SourceNames,
): Promise<CloneSource> {
  if (names.backupID !== undefined) return await findBackup(database, caller, names.backupID)
  if (names.snapshotID !== undefined) return await findSnapshot(database, caller, names.snapshotID)
  const appID = names.sourceAppID ?? ''
  const scope = scopeOf(caller)
  const seen = await findResource(database, APPS, { scope, id: appID })
  const app = seen && (await findAppFacts(database, appID))
  if (app === undefined) throw new OperationError({ code: 'source-app-not-found', appID })
  if (seen?.state === 'restoring') throw new OperationError({ code: 'app-restoring', appID })
  if (!['ready', 'failed'].includes(app.state)) {
    throw new OperationError({ code: 'app-not-ready', appID, state: app.state })
  }
  return { app, copy: undefined, namespaces: app.definition.namespaceScopedResources }
}

async function findBackup(
  database: Queries,
  caller: Caller,
  backupID: string,
): Promise<CloneSource> {
  const scope = scopeOf(caller)
  const backup = await findResource(database, BACKUPS, { scope, id: backupID })
  if (backup === undefined) throw new OperationError({ code: 'backup-not-found', backupID })
  if (backup.state !== 'completed') {
    throw new OperationError({ code: 'backup-not-restorable', backupID, state: backup.state })
  }
  if (backup.kind === 'stream') {
    throw new OperationError({ code: 'stream-not-clonable', backupID, appID: backup.appID })
  }
  return await openCopy(database, { kind: 'backup', id: backupID })
}

async function findSnapshot(
  database: Queries,
  caller: Caller,
  snapshotID: string,
): Promise<CloneSource> {
  const scope = scopeOf(caller)
  const snapshot = await findResource(database, APPLICATION_SNAPSHOTS, { scope, id: snapshotID })
  if (snapshot === undefined) {
    throw new OperationError({ code: 'snapshot-not-found', snapshotID })
  }
  if (snapshot.state !== 'completed') {
    throw new OperationError({ code: 'snapshot-not-restorable', snapshotID, state: snapshot.state })
  }
  return await openCopy(database, { kind: 'snapshot', id: snapshotID })
}

async function openCopy(database: Queries, copy: CopyRef): Promise<CloneSource> {
  const facts = await findCopyFacts(database, copy)
  const app = facts && (await findAppFacts(database, facts.appID))
  if (facts === undefined || app === undefined) {
    throw new RangeError(`The ${copy.kind} ${copy.id} was there and has no app.`)
  }
  // Copies of former versions do not keep what their app was defined by.
  const copied = facts.definition?.namespaceScopedResources
  return { app, copy, namespaces: copied ?? app.definition.namespaceScopedResources }
}
