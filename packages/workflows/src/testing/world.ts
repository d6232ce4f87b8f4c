// One installation for tests: a database, a host with one app, a local bucket, and the operations
// as the API makes them: rows and their task in one transaction.
import { randomUUID } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DBOS } from '@dbos-inc/dbos-sdk'
import {
  hideApp,
  insertApp,
  insertApplicationSnapshot,
  insertBackup,
  insertSchedule,
  insertScheduleRun,
  insertTask,
  inTransaction,
  markApplicationSnapshotDeleting,
  markBackupDeleted,
  recordFirstStart,
  setTaskOfRun,
  updateApp,
} from '@holdfast/db'
import { makeTestDatabase, type TestDatabase } from '@holdfast/db/testing'
import type { RestoreFilter } from '@holdfast/domain'
import {
  type CloneInput,
  newTask,
  newVerifyTask,
  type RestoreInput,
  type TaskRequest,
} from '../new-task.ts'
import { beginPurge } from '../purge-app.ts'
import { systemNow } from './clock.ts'

export interface World {
  readonly database: TestDatabase
  readonly home: string
  readonly hostRoot: string
  readonly bucketPath: string
  readonly accountID: string
  readonly userID: string
  readonly clusterID: string
  readonly bucketID: string
  readonly appID: string
  /** `<host root>/shop` */
  readonly appPath: string
  backup(options?: { readonly snapshotID?: string }): Promise<Operation>
  snapshot(): Promise<Operation>
  restore(source: RestoreInput['source'], filter?: RestoreFilter): Promise<Operation>
  /** Of the app, into `namespace`; a live one takes a snapshot first. Its resource is the new app. */
  clone(source: CloneInput['source'] | 'live', options: CloneOptions): Promise<Operation>
  /** Of what `command` writes; only what the account's owner configured may run as root. */
  streamBackup(command: string, options?: StreamOptions): Promise<Operation>
  /** Gives that to `command`. */
  streamRestore(backupID: string, command: string, options?: StreamOptions): Promise<Operation>
  deleteBackup(backupID: string): Promise<Operation>
  deleteSnapshot(snapshotID: string): Promise<Operation>
  /** Of a new schedule that keeps one snapshot and one backup. Its resource is the schedule. */
  runSchedule(): Promise<Operation>
  /** Its resource is the bucket. */
  verifyBucket(): Promise<Operation>
  /** Removes the app and purges it at once; the operations are the deletions of its copies. */
  purge(appID: string): Promise<Operation[]>
  /** The first row, as `pg` gives it. */
  row(statement: string, ...values: unknown[]): Promise<Record<string, unknown>>
  rows(statement: string, ...values: unknown[]): Promise<Record<string, unknown>[]>
  dispose(): Promise<void>
}

export interface StreamOptions {
  readonly timeoutMs?: number
  /** The account's owner when absent. */
  readonly configuredBy?: string
}

export interface CloneOptions {
  readonly namespace: string
  readonly restoreFilter?: RestoreFilter
  /** The world's own when absent. */
  readonly clusterID?: string
}

export interface Operation {
  readonly taskID: string
  readonly resourceID: string
}

export interface WorldOptions {
  /** On which file system the host's root is; the one of the temporary directory when absent. */
  readonly hostParent?: string
}

export async function makeWorld(options: WorldOptions = {}): Promise<World> {
  const database = await makeTestDatabase({
    template: { name: 'workflows', prepare: (url) => DBOS.migrate(url) },
  })
  const home = mkdtempSync(join(tmpdir(), 'holdfast-workflows-'))
  const hostRoot = join(options.hostParent ?? home, 'apps')
  const bucketPath = join(home, 'bucket')
  mkdirSync(bucketPath)
  fillApp(join(hostRoot, 'shop'))
  const ids = await insertInstallation(database, bucketPath)
  const at = { database, ...ids }
  return {
    ...at,
    home,
    hostRoot,
    bucketPath,
    appPath: join(hostRoot, 'shop'),
    backup: ({ snapshotID } = {}) => requestBackup(at, snapshotID),
    snapshot: () => requestSnapshot(at),
    restore: (source, filter) => requestRestore(at, source, filter),
    clone: (source, options) => requestClone(at, source, options),
    streamBackup: (command, options) => requestStreamBackup(at, { command, ...options }),
    streamRestore: (backupID, command, options) =>
      requestStreamRestore(at, backupID, { command, ...options }),
    deleteBackup: (backupID) => requestDeleteBackup(at, backupID),
    deleteSnapshot: (snapshotID) => requestDeleteSnapshot(at, snapshotID),
    runSchedule: () => requestScheduleRun(at),
    verifyBucket: () => requestVerification(at),
    purge: (appID) => requestPurge(at, appID),
    async row(statement, ...values) {
      const answer = await database.database.pool.query(statement, values)
      const [first] = answer.rows
      if (first === undefined) throw new Error(`No row: ${statement}`)
      return first
    },
    async rows(statement, ...values) {
      return (await database.database.pool.query(statement, values)).rows
    },
    async dispose() {
      await database.drop()
      rmSync(home, { recursive: true, force: true })
    },
  }
}

/** Two volumes and loose entries, with what a copy can get wrong. */
export function fillApp(path: string): void {
  mkdirSync(join(path, 'data', 'deep', 'empty'), { recursive: true })
  mkdirSync(join(path, 'config'))
  writeFileSync(join(path, 'compose.yaml'), 'services: {}\n')
  writeFileSync(join(path, 'config', 'app.ini'), '[app]\nname = shop\n', { mode: 0o640 })
  writeFileSync(join(path, 'data', 'orders.db'), Buffer.alloc(3_000_000, 'order '))
  writeFileSync(join(path, 'data', 'deep', 'ünïcode, with comma'), 'x'.repeat(1000))
  symlinkSync('orders.db', join(path, 'data', 'link'))
}

export function copyTree(from: string, to: string): void {
  cpSync(from, to, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true })
}

interface Installed {
  readonly database: TestDatabase
  readonly accountID: string
  readonly userID: string
  readonly clusterID: string
  readonly bucketID: string
  readonly appID: string
}

async function insertInstallation(
  { database }: TestDatabase,
  bucketPath: string,
): Promise<Omit<Installed, 'database'>> {
  const now = systemNow()
  const ids = {
    accountID: randomUUID(),
    userID: randomUUID(),
    clusterID: randomUUID(),
    bucketID: randomUUID(),
    appID: randomUUID(),
  }
  await recordFirstStart(
    database,
    {
      now,
      account: { id: ids.accountID, name: 'tests' },
      user: { id: ids.userID, email: 'owner@example.org' },
      roleBindingID: randomUUID(),
      token: { id: randomUUID(), name: 'owner', secretHash: Buffer.from(randomUUID()) },
      cloud: { id: randomUUID(), name: 'private' },
      cluster: { id: ids.clusterID, name: 'host', version: '1' },
      storageClassID: randomUUID(),
      bucket: { id: ids.bucketID, name: 'local', path: bucketPath },
    },
    async () => undefined,
  )
  await insertApp(database, {
    id: ids.appID,
    accountID: ids.accountID,
    clusterID: ids.clusterID,
    name: 'shop',
    version: '2.2',
    namespaceScopedResources: [{ namespace: 'shop', labelSelectors: [] }],
    state: 'ready',
    labels: [],
    createdBy: ids.userID,
    now,
  })
  return ids
}

async function requestBackup(at: Installed, snapshotID: string | undefined): Promise<Operation> {
  const resourceID = randomUUID()
  return await requestTask(at, resourceID, { kind: 'backup', backupID: resourceID }, (queries) =>
    insertBackup(queries, {
      ...newCopy(at, resourceID),
      version: '1.2',
      ...(snapshotID === undefined ? {} : { snapshotID }),
    }),
  )
}

async function requestSnapshot(at: Installed): Promise<Operation> {
  const resourceID = randomUUID()
  return await requestTask(
    at,
    resourceID,
    { kind: 'snapshot', snapshotID: resourceID },
    (queries) => insertApplicationSnapshot(queries, { ...newCopy(at, resourceID), version: '1.3' }),
  )
}

async function requestClone(
  at: Installed,
  source: CloneInput['source'] | 'live',
  { namespace, restoreFilter, clusterID = at.clusterID }: CloneOptions,
): Promise<Operation> {
  const appID = randomUUID()
  const snapshotID = randomUUID()
  const request = {
    kind: 'clone' as const,
    appID,
    source: source === 'live' ? ({ kind: 'snapshot', id: snapshotID } as const) : source,
    isOwnSnapshot: source === 'live',
    namespaceMapping: [{ source: 'shop', destination: namespace }],
    ...(restoreFilter === undefined ? {} : { restoreFilter }),
  }
  return await requestTask(at, appID, request, async (queries) => {
    await insertApp(queries, {
      id: appID,
      accountID: at.accountID,
      clusterID,
      name: namespace,
      version: '2.2',
      namespaceScopedResources: [{ namespace, labelSelectors: [] }],
      state: 'provisioning',
      labels: [],
      createdBy: at.userID,
      now: systemNow(),
      origin: { sourceAppID: at.appID, sourceClusterID: at.clusterID },
    })
    if (source !== 'live') return
    await insertApplicationSnapshot(queries, { ...newCopy(at, snapshotID), version: '1.3' })
    const { accountID, userID } = at
    const snapshot = { kind: 'snapshot', snapshotID, accountID, appID: at.appID, userID } as const
    await insertTask(queries, newTask(randomUUID(), snapshot))
  })
}

async function requestRestore(
  at: Installed,
  source: RestoreInput['source'],
  restoreFilter: RestoreFilter | undefined,
): Promise<Operation> {
  const request = {
    kind: 'restore' as const,
    source,
    isInUseAllowed: false,
    formerState: 'ready' as const,
    ...(restoreFilter === undefined ? {} : { restoreFilter }),
  }
  return await requestTask(at, at.appID, request, (queries) =>
    updateApp(queries, at.appID, {
      state: 'restoring',
      modifiedBy: at.userID,
      now: systemNow(),
    }),
  )
}

type StreamRequest = StreamOptions & { readonly command: string }

async function requestStreamBackup(at: Installed, stream: StreamRequest): Promise<Operation> {
  const backupID = randomUUID()
  const request = { kind: 'stream-backup' as const, backupID, configuredBy: at.userID, ...stream }
  return await requestTask(at, backupID, request, (queries) =>
    insertBackup(queries, { ...newCopy(at, backupID), version: '1.2', kind: 'stream' }),
  )
}

async function requestStreamRestore(
  at: Installed,
  backupID: string,
  stream: StreamRequest,
): Promise<Operation> {
  const request = {
    kind: 'stream-restore' as const,
    source: { kind: 'backup', id: backupID } as const,
    formerState: 'ready' as const,
    configuredBy: at.userID,
    ...stream,
  }
  return await requestTask(at, at.appID, request, (queries) =>
    updateApp(queries, at.appID, { state: 'restoring', modifiedBy: at.userID, now: systemNow() }),
  )
}

async function requestDeleteBackup(at: Installed, backupID: string): Promise<Operation> {
  return await requestTask(at, backupID, { kind: 'delete-backup', backupID }, (queries) =>
    markBackupDeleted(queries, { backupID, now: systemNow() }),
  )
}

async function requestDeleteSnapshot(at: Installed, snapshotID: string): Promise<Operation> {
  return await requestTask(at, snapshotID, { kind: 'delete-snapshot', snapshotID }, (queries) =>
    markApplicationSnapshotDeleting(queries, { snapshotID, now: systemNow() }),
  )
}

async function requestPurge(at: Installed, appID: string): Promise<Operation[]> {
  const now = systemNow()
  const answer = await inTransaction(at.database.database, async (transaction) => {
    await hideApp(transaction, { appID, now, purgeAfter: now })
    const { accountID, userID } = at
    return await beginPurge(transaction, { appID, accountID, userID, now, newID: randomUUID })
  })
  if (answer.code !== 'begun') throw new Error(`The purge is ${answer.code}.`)
  return answer.taskIDs.map((taskID) => ({ taskID, resourceID: appID }))
}

async function requestVerification({
  database,
  accountID,
  userID,
  bucketID,
}: Installed): Promise<Operation> {
  const taskID = randomUUID()
  await insertTask(database.database, newVerifyTask(taskID, { accountID, userID, bucketID }))
  return { taskID, resourceID: bucketID }
}

async function requestScheduleRun(at: Installed): Promise<Operation> {
  const [resourceID, runID] = [randomUUID(), randomUUID()]
  const policy = { scheduleName: 'nightly', snapshotRetention: '1', backupRetention: '1' }
  const request = { kind: 'schedule-run' as const, scheduleID: resourceID, runID, ...policy }
  const operation = await requestTask(at, resourceID, request, async (queries) => {
    const now = systemNow()
    await insertSchedule(queries, {
      ...policy,
      id: resourceID,
      accountID: at.accountID,
      appID: at.appID,
      version: '1.3',
      name: policy.scheduleName,
      labels: [],
      isEnabled: false,
      times: { granularity: 'hourly' },
      bucketID: undefined,
      replicate: false,
      nextRunAt: undefined,
      createdBy: at.userID,
      now,
    })
    const run = { id: runID, scheduleID: resourceID, dueAt: now, state: 'running', now } as const
    await insertScheduleRun(queries, run)
  })
  await setTaskOfRun(at.database.database, { runID, taskID: operation.taskID })
  return operation
}

type RequestOf<Request> = Request extends unknown
  ? Omit<Request, 'accountID' | 'appID' | 'userID'> & { readonly appID?: string }
  : never

async function requestTask(
  at: Installed,
  resourceID: string,
  request: RequestOf<TaskRequest>,
  writeRows: (queries: Parameters<typeof insertTask>[0]) => Promise<unknown>,
): Promise<Operation> {
  const taskID = randomUUID()
  const { accountID, appID, userID } = at
  await inTransaction(at.database.database, async (transaction) => {
    await writeRows(transaction)
    await insertTask(
      transaction,
      newTask(taskID, { accountID, appID, userID, ...request } as TaskRequest),
    )
  })
  return { taskID, resourceID }
}

function newCopy(at: Installed, id: string) {
  return {
    id,
    accountID: at.accountID,
    appID: at.appID,
    name: `copy-${id}`,
    bucketID: at.bucketID,
    labels: [],
    createdBy: at.userID,
    now: systemNow(),
  }
}
