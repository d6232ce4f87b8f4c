// Starts the service, part by part, and stops it in the opposite order.
//
//   configuration ─► home locked ─► database ─► migrations ─► secrets ─► executor lock ─► owner
//     ─► workflows (what was interrupted goes on) ─► API ─► listening ─► owner.json ─► ready
//
// A start that fails or is interrupted stops what it has started and leaves nothing running.
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { buildApp } from '@holdfast/api'
import {
  type Database,
  findFirstLocalBucket,
  findFirstOwner,
  findInstallation,
  type Installation,
  migrateDatabase,
  takeExecutorLock,
} from '@holdfast/db'
import {
  launchWorkflows,
  type StepObserver,
  type Workflows,
  type WorkflowsOptions,
} from '@holdfast/workflows'
import type { ServiceConfig } from './config.ts'
import { ensureFirstStart } from './first-start.ts'
import { joinInstallation, type LockedHome, lockHome } from './home.ts'
import { openHostClusters, type PlatformOf, refuseOverlappingRoots } from './host-clusters.ts'
import { assertAddressIsFree, listen } from './listen.ts'
import { refuseLocalBucket } from './local-bucket-rules.ts'
import { type Log, workflowsLog } from './log.ts'
import { unlockSecrets } from './master-key.ts'
import { readOwnerFile, writeOwnerFile } from './owner-file.ts'
import { createReadiness } from './readiness.ts'
import { snapshotsDirectory } from './recovery-kit.ts'
import { ServerError } from './server-error.ts'
import { openServiceDatabase } from './service-database.ts'
import { serviceUrl } from './service-url.ts'
import { makeToken } from './token.ts'

export interface ServiceOptions {
  readonly config: ServiceConfig
  readonly log: Log
  /** Of the product. */
  readonly version: string
  /** Program and arguments that run a mover. */
  readonly moverCommand: readonly string[]
  /** All of a mover's environment. */
  readonly moverEnvironment: Readonly<Record<string, string>>
  /** The service cannot go on: another process took its place. Stop it and end. */
  readonly onLost: (reason: string) => void
  /** Interrupts the start. */
  readonly signal: AbortSignal
  /** Tests stop or kill the process in it. */
  readonly observer?: StepObserver
}

export interface RunningService {
  readonly url: string
  /** Everything was made now: there is something to tell about it. */
  readonly isFirstStart: boolean
  readonly workflows: Workflows
  /** Resolves when all is closed. Fails when a part could not be, after all others were. */
  stop(): Promise<void>
}

const BOOT_BYTES = 8

export async function startService(options: ServiceOptions): Promise<RunningService> {
  const { config, log, signal } = options
  await using started = new AsyncDisposableStack()
  const readiness = createReadiness()
  await assertAddressIsFree(config.listen)
  const home = await lockHome(config.home)
  started.defer(() => home.release())
  await ensureHostRoot(config)
  await refuseOverlappingRoots(config)
  signal.throwIfAborted()

  const { database, close } = await openServiceDatabase(config, { log, readiness, signal })
  started.defer(close)
  readiness.probeDatabase(() => database.pool.query('select 1'))
  const { applied } = await migrateDatabase(database)
  if (applied.length > 0) log.info({ applied }, 'the database was migrated')
  const installationID = await joinOrRefuse(home, await findInstallation(database))
  const file = config.masterKeyFile
  const { sealing, installation } = await unlockSecrets(database, { file, installationID })
  signal.throwIfAborted()

  const { executorID } = home.identity
  const onLost = (): void => options.onLost(`Another service took the executor id ${executorID}.`)
  const lock = await takeExecutorLock({ url: database.url, executorID, onLost })
  started.defer(() => lock.release())
  const now = new Date()
  const isFirstStart = await ensureFirstStart(database, {
    home: config.home,
    url: serviceUrl(config),
    now,
  })
  const { moverCommand, moverEnvironment } = options
  const { allowsCommandsAsRoot } = config
  const clock = () => new Date()
  const shared = { moverCommand, moverEnvironment, allowsCommandsAsRoot, clock }
  const platformOf = await openHostClusters(database, { config, executorID, log, shared })
  const workflows = await launchWorkflows({
    ...workflowsOptions({ database, sealing, platformOf, home, ...options }),
    mayReachPrivateNetworks: config.mayReachPrivateNetworks,
    installationID: installation.id,
  })
  started.defer(() => workflows.close())
  await ensureRepository({ workflows, database, log })
  signal.throwIfAborted()

  const app = await buildApp({
    database,
    sealing,
    workflows,
    discover: async (cluster, discoverSignal) => platformOf(cluster)?.discover(ALL, discoverSignal),
    refuseLocalBucket: (path) => refuseLocalBucket(config, path),
    now: () => new Date(),
    newID: randomUUID,
    readiness: () => readiness.check(),
    logger: log,
    version: options.version,
    trustedProxies: config.trustedProxies,
    containerAuthErrors: config.containerAuthErrors,
    countMovers: () => workflows.countMovers(),
    ...(config.metricsToken === undefined ? {} : { metricsToken: config.metricsToken }),
    ...(config.publicUrl === undefined ? {} : { publicUrl: config.publicUrl }),
    ...(config.tls === undefined ? {} : { tls: config.tls }),
  })
  started.defer(async () => {
    readiness.report('stop', 'The service is stopping.')
    await app.close()
  })
  const port = await listen(app, config.listen)
  const url = serviceUrl(config, port)
  await announceToOwner({ config, database, url, log })
  readiness.report('start', undefined)
  const stack = started.move()
  return { url, isFirstStart, workflows, stop: () => stack.disposeAsync() }
}

const ALL = { namespaces: undefined }

/** The default is ours to make; another that is not there is a mistake, or not mounted yet. */
async function ensureHostRoot({ home, hostRoot }: ServiceConfig): Promise<void> {
  try {
    if (hostRoot === join(home, 'apps')) await mkdir(hostRoot, { recursive: true })
    const found = await stat(hostRoot)
    if (!found.isDirectory()) throw new Error('it is no directory')
  } catch (error) {
    const reason = (error as Error).message
    throw new ServerError({ code: 'host-root-not-usable', directory: hostRoot, reason }, error)
  }
}

/**
 * A home that never had an owner joins the installation of the database; one that had belongs to
 * its own, and another database is a mistake.
 */
async function joinOrRefuse(
  home: LockedHome,
  installation: Installation | undefined,
): Promise<string> {
  const { installationID } = home.identity
  if (installation === undefined || installation.id === installationID) return installationID
  if ((await readOwnerFile(home.directory)) !== undefined) {
    throw new ServerError({ code: 'other-installation', home: home.directory })
  }
  await joinInstallation(home, installation.id)
  return installation.id
}

interface WorkflowsParts extends Pick<WorkflowsOptions, 'database' | 'sealing'> {
  readonly platformOf: PlatformOf
  readonly home: LockedHome
  readonly log: Log
  readonly observer?: StepObserver
}

function workflowsOptions(
  parts: WorkflowsParts,
): Omit<WorkflowsOptions, 'installationID' | 'mayReachPrivateNetworks'> {
  const { database, sealing, platformOf, home, log, observer } = parts
  return {
    database,
    sealing,
    executorID: home.identity.executorID,
    boot: randomBytes(BOOT_BYTES).toString('hex'),
    platformOf,
    snapshotsDirectory: snapshotsDirectory(home.directory),
    now: () => new Date(),
    randomUUID,
    randomPassword: makeToken,
    log: workflowsLog(log),
    ...(observer === undefined ? {} : { observer }),
  }
}

/** A bucket in trouble is told and does not keep the service from everything else. */
async function ensureRepository({
  workflows,
  database,
  log,
}: {
  readonly workflows: Workflows
  readonly database: Database
  readonly log: Log
}): Promise<void> {
  const bucket = await findFirstLocalBucket(database)
  if (bucket === undefined) return
  try {
    await workflows.ensureBucketRepository(bucket)
  } catch (error) {
    log.error({ err: error }, 'the repository of the first bucket cannot be opened or made')
  }
}

interface Announcement {
  readonly config: ServiceConfig
  readonly database: Database
  readonly url: string
  readonly log: Log
}

async function announceToOwner({ config, database, url, log }: Announcement): Promise<void> {
  const file = await readOwnerFile(config.home)
  const owner = await findFirstOwner(database)
  if (file !== undefined && file.accountID === owner?.accountID) {
    return writeOwnerFile(config.home, { ...file, url })
  }
  log.warn('owner.json holds no token of this installation; make one with `holdfast owner reset`')
}
