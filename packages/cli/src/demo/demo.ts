// `holdfast demo`: a throwaway service protects a real application, loses it and gets it back. What
// it says is true: the comparison is its own, and any difference fails it.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startEmbeddedPostgres } from '@holdfast/server'
import { type CopyBody, type ServiceClient, serviceClient } from '../service-client.ts'
import { type ServiceProcess, startServiceProcess } from '../service-process.ts'
import { byteSize } from './byte-size.ts'
import { compareTrees } from './compare-trees.ts'
import { damageApp } from './damage.ts'
import { makeLooseEntries, makeOddVolume, makeSourceVolume } from './demo-data.ts'
import type { DemoReport, DemoStep } from './demo-report.ts'
import { findStockRestic, runStockRestic } from './stock-restic.ts'
import { readTree, type TreeRecord } from './tree-record.ts'

export interface DemoOptions {
  readonly report: DemoReport
  /** Leaves home and data behind and says where. */
  readonly isKept: boolean
}

/** True when the data came back identical each time. */
export async function runDemo({ report, isKept }: DemoOptions): Promise<boolean> {
  const home = mkdtempSync(join(tmpdir(), 'holdfast-demo-'))
  const namespace = join(home, 'apps', 'shop')
  mkdirSync(namespace, { recursive: true })
  let service: ServiceProcess | undefined
  try {
    report.heading('A service of its own')
    service = await report.step('holdfast serve, with PostgreSQL embedded', async (step) => {
      const started = await startServiceProcess({
        home,
        environment: { HOLDFAST_LISTEN: '127.0.0.1:0', HOLDFAST_LOG_LEVEL: 'warn' },
      })
      step.result(started.owner.url)
      return started
    })
    const client = serviceClient(service.owner)
    const isIdentical = await protectAndRestore({ report, client, namespace, home })
    report.heading(isIdentical ? 'Everything came back identical.' : 'THE DATA DIFFERS.')
    return isIdentical
  } catch (error) {
    if (service !== undefined) report.line(service.output())
    throw error
  } finally {
    await service?.stop()
    if (isKept) report.line(`Kept: ${home}`)
    else rmSync(home, { recursive: true, force: true })
  }
}

interface Stage {
  readonly report: DemoReport
  readonly client: ServiceClient
  readonly home: string
  readonly namespace: string
}

async function protectAndRestore(stage: Stage): Promise<boolean> {
  const { report, client } = stage
  const before = await makeApplication(stage)

  report.heading('Snapshot and backup')
  const app = await report.step('managed as app "shop"', () => client.manageApp('shop', ['shop']))
  const children = `/k8s/v1/apps/${app.id}`
  const snapshot = await report.step('application snapshot', async (step) => {
    const { id } = await client.startSnapshot(app.id, { name: 'before-the-accident' })
    const completed = client.whenCompleted(`${children}/appSnaps/${id}`)
    const done = await watchTask(client, step, 'holdfast.snapshot', completed)
    step.result(await strategies(client, `/holdfast/v1/appSnaps/${id}/volumes`))
    return done
  })
  const backup = await report.step('backup of it into the bucket', (step) =>
    watchBackup(client, step, async () => {
      const { id } = await client.startBackup(app.id, { name: 'first', snapshotID: snapshot.id })
      return `${children}/appBackups/${id}`
    }),
  )

  const shop: Protected = { ...stage, before, appID: app.id }
  const isBackupGood = await loseAndRestore(shop, {
    text: 'restore in place from the backup',
    source: { backupID: backup.id },
  })
  await startDatabaseAgain(stage)
  const isSnapshotGood = await loseAndRestore(shop, {
    text: 'restore in place from the snapshot',
    source: { snapshotID: snapshot.id },
  })
  const isResticGood = await judgeWithRestic(stage, { before, backup })
  return isBackupGood && isSnapshotGood && isResticGood
}

async function makeApplication({ report, namespace }: Stage): Promise<TreeRecord> {
  report.heading('An application: namespace "shop" with three volumes and loose files')
  for (const volume of ['source', 'odd', 'database']) mkdirSync(join(namespace, volume))
  await report.step('volume "source": real source trees', async () =>
    makeSourceVolume(join(namespace, 'source')),
  )
  await report.step('volume "database": a PostgreSQL data directory', async () => {
    const database = await startEmbeddedPostgres({
      directory: join(namespace, 'database'),
      databaseName: 'shop',
      onEvent: () => undefined,
    })
    await database.stop()
  })
  await report.step('volume "odd": odd names, links, attributes, 1 GB sparse', async () => {
    makeOddVolume(join(namespace, 'odd'), SPARSE_BYTES)
    makeLooseEntries(namespace)
  })
  return await report.step('recorded: digests and all metadata', async (step) => {
    const record = readTree(namespace)
    const bytes = [...record.values()].reduce((sum, { size }) => sum + size, 0)
    step.result(`${record.size} entries, ${byteSize(bytes)}`)
    return record
  })
}

async function strategies(client: ServiceClient, path: string): Promise<string> {
  const { items } = await client.get<{
    readonly items: readonly { readonly strategy: string; readonly consistency: string }[]
  }>(path)
  const seen = items.map(({ strategy, consistency }) => `${strategy} (${consistency})`)
  return [...new Set(seen)].join(', ')
}

async function watchBackup(
  client: ServiceClient,
  step: DemoStep,
  start: () => Promise<string>,
): Promise<CopyBody> {
  const done = await client.whenCompleted(await start(), {
    onBody({ percentDone = 0, bytesDone = 0, totalBytes = 0 }) {
      const detail = totalBytes === 0 ? '' : `${byteSize(bytesDone)} of ${byteSize(totalBytes)}`
      step.percent(percentDone, detail)
    },
  })
  step.result(`${byteSize(done.totalBytes ?? 0)}, ${done.percentDone} %`)
  return done
}

interface Protected extends Stage {
  readonly before: TreeRecord
  readonly appID: string
}

type RestoreSource = { readonly backupID: string } | { readonly snapshotID: string }

async function loseAndRestore(
  { report, client, namespace, before, appID }: Protected,
  { text, source }: { readonly text: string; readonly source: RestoreSource },
): Promise<boolean> {
  report.heading('The accident')
  for (const line of damageApp(namespace)) report.line(`  ✗ ${line}`)
  await report.step(text, async (step) => {
    const answer = await client.startRestore(appID, source)
    if (answer.status !== 204) throw new Error(`restore refused: ${JSON.stringify(answer.body)}`)
    await watchTask(client, step, 'holdfast.restore', client.whenReady(appID))
  })
  return await report.step('compared: content and all metadata', async (step) =>
    judge({ step, report, before, after: readTree(namespace), isStock: false }),
  )
}

/** Shows the running task of that name until `work` has ended. */
async function watchTask<Result>(
  client: ServiceClient,
  step: DemoStep,
  name: string,
  work: Promise<Result>,
): Promise<Result> {
  let isRunning = true
  const ended = work.then(
    () => undefined,
    () => undefined,
  )
  ended.then(() => {
    isRunning = false
  })
  while (isRunning) {
    const tasks = await client.tasks()
    const task = tasks.find((one) => one.name === name && one.state === 'running')
    if (typeof task?.percentDone === 'number') step.percent(task.percentDone, '')
    await Promise.race([ended, delay(PROGRESS_MS)])
  }
  return await work
}

/** The tables are whole when a server starts on them. */
async function startDatabaseAgain({ report, namespace }: Stage): Promise<void> {
  await report.step('PostgreSQL starts on the restored directory', async (step) => {
    // Beside the volume: what a running server writes must not count as a difference.
    const directory = `${namespace}-started`
    execFileSync('cp', ['-a', join(namespace, 'database'), directory])
    const database = await startEmbeddedPostgres({
      directory,
      databaseName: 'shop',
      onEvent: () => undefined,
    })
    step.result(`process ${database.pid} answered`)
    await database.stop()
    rmSync(directory, { recursive: true })
  })
}

async function judgeWithRestic(
  { report, client, home }: Stage,
  { before, backup }: { readonly before: TreeRecord; readonly backup: CopyBody },
): Promise<boolean> {
  report.heading('Stock restic, which knows nothing of Holdfast')
  const version = await findStockRestic()
  if (version === undefined) {
    report.line('  – not installed, so this part is left out (Debian: apt-get install restic)')
    return true
  }
  report.line(`  ${version}`)
  const run = await client.repositoryOf(backup.bucketID ?? (await client.firstBucket()))
  await report.step('restic check --read-data', async (step) => {
    const output = await runStockRestic(['check', '--read-data'], run)
    step.result(output.trim().split('\n').at(-1) ?? '')
  })
  const target = join(home, 'restored-by-restic')
  await report.step('restic restore of every volume', async () => {
    for (const path of ['/shop/source', '/shop/odd', '/shop/database', '/shop']) {
      const tag = `backup=${backup.id}`
      const args = ['restore', 'latest', '--tag', tag, '--path', path, '--target', target]
      await runStockRestic(args, run)
    }
  })
  return await report.step('compared: content and all metadata', async (step) =>
    judge({ step, report, before, after: readTree(join(target, 'shop')), isStock: true }),
  )
}

interface Judged {
  readonly step: DemoStep
  readonly report: DemoReport
  readonly before: TreeRecord
  readonly after: TreeRecord
  /** Restic 0.14 fills holes. */
  readonly isStock: boolean
}

function judge({ step, report, before, after, isStock }: Judged): boolean {
  // Volumes are exchanged in the namespace's own directory: its time moves, nothing else.
  const options = { touched: [''], areHolesCompared: !isStock }
  const { entries, bytes, differences } = compareTrees(before, after, options)
  const isIdentical = differences.length === 0
  step.result(
    isIdentical ? `${entries} entries, ${byteSize(bytes)}: identical` : 'THE DATA DIFFERS',
  )
  for (const difference of differences) report.line(`    ✗ ${difference}`)
  return isIdentical
}

const PROGRESS_MS = 250
const SPARSE_BYTES = 1024 ** 3
