// A world with a service for tests of streams: operations are carried out and judged.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createSealing, openRepositorySecrets, requestTaskCancel } from '@holdfast/db'
import { BACKUP_DESCRIPTION_PATH, type BackupDescription, STREAM_PATH } from '@holdfast/domain'
import type { StepObserver } from '../step-observer.ts'
import type { Workflows } from '../workflow-types.ts'
import { type AddedHook, addHook } from './hooks.ts'
import { assertNothingLeft } from './kill-harness.ts'
import { startTestService, TEST_MASTER_KEY, type TestServiceOptions } from './test-service.ts'
import { makeWorld, type Operation, type World } from './world.ts'

export interface StreamWorld extends World {
  /** Carries it out and checks how its task ends. */
  end(operation: Operation, state: 'completed' | 'failed' | 'cancelled'): Promise<Operation>
  /** Begins it and waits until its command has made the file `started` in the app's directory. */
  beginCommand(operation: Operation): Promise<void>
  cancel(operation: Operation): Promise<void>
  /** Runs before each snapshot of the app, until it is removed. */
  addSnapshotHook(script: string): Promise<AddedHook>
  /** Called at every step, until it is set again. */
  observe(observer: StepObserver): void
  /** Stops the service in order and starts it again. */
  restart(options?: Pick<TestServiceOptions, 'commandStallMs'>): Promise<void>
  /** Begins it and waits until its task is in `state`, whatever else is under way. */
  until(operation: Operation, state: string): Promise<void>
  /** All lines of its log, as one text. */
  logOf(operation: Operation): Promise<string>
  appState(): Promise<{ readonly state: string; readonly details: readonly string[] }>
  /** The stream of a backup, by stock restic. */
  dump(backup: Operation): Promise<Buffer>
  /** What the repository says of it, by stock restic. */
  description(backup: Operation): Promise<BackupDescription>
  /** How many snapshots the bucket's repository has. */
  countRepositorySnapshots(): number
  /** Nothing is owed, and nothing that a command started runs on. */
  assertClean(): Promise<void>
}

export async function makeStreamWorld(): Promise<StreamWorld> {
  const world = await makeWorld()
  let observer: StepObserver = async () => undefined
  const start = (options: Pick<TestServiceOptions, 'commandStallMs'> = {}) =>
    startTestService({
      ...options,
      database: world.database.database,
      home: world.home,
      hostRoot: world.hostRoot,
      observer: (passage) => observer(passage),
    })
  let workflows: Workflows = await start()
  const end: StreamWorld['end'] = async (operation, state) => {
    await workflows.startTask(operation.taskID)
    await workflows.whenIdle()
    const { taskID } = operation
    const task = await world.row('select state, failure from tasks where id = $1', taskID)
    assert.equal(task.state, state, JSON.stringify(task.failure))
    return operation
  }
  return {
    ...world,
    end,
    async beginCommand({ taskID }) {
      await workflows.startTask(taskID)
      while (!existsSync(join(world.appPath, 'started'))) await delay(POLL_MS)
    },
    async cancel({ taskID }) {
      const { accountID, userID } = world
      const { database } = world.database
      assert.equal(await requestTaskCancel(database, { accountID, taskID, userID }), 'cancelling')
    },
    addSnapshotHook: (script) => addHook(world, { action: 'snapshot', stage: 'pre', script }),
    observe(newObserver) {
      observer = newObserver
    },
    async restart(options) {
      await workflows.close()
      workflows = await start(options)
    },
    async until({ taskID }, state) {
      await workflows.startTask(taskID)
      for (let waitedMs = 0; ; waitedMs += POLL_MS) {
        const task = await world.row('select state from tasks where id = $1', taskID)
        if (task.state === state) return
        assert.ok(waitedMs < UNTIL_MS_MAX, `its task is ${task.state}`)
        await delay(POLL_MS)
      }
    },
    async logOf({ taskID }) {
      const lines = await world.rows(
        'select level, message from task_log where task_id = $1 order by sequence',
        taskID,
      )
      return lines.map(({ level, message }) => `${level}: ${message}`).join('\n')
    },
    async appState() {
      const app = await world.row('select * from apps where id = $1', world.appID)
      const details = app.state_details as readonly { readonly detail: string }[]
      return { state: String(app.state), details: details.map(({ detail }) => detail) }
    },
    dump: (backup) => dumpFile(world, backup, STREAM_PATH),
    async description(backup) {
      const content = await dumpFile(world, backup, BACKUP_DESCRIPTION_PATH)
      return JSON.parse(content.toString()) as BackupDescription
    },
    countRepositorySnapshots: () => readdirSync(join(repositoryOf(world), 'snapshots')).length,
    async assertClean() {
      const kept = await world.rows('select id from volume_snapshots')
      const ids = kept.map(({ id }) => String(id))
      await assertNothingLeft(world, ids)
      assert.deepEqual(processesIn(world.appPath), [])
    },
    async dispose() {
      await workflows.close()
      await world.dispose()
    },
  }
}

const POLL_MS = 20
const UNTIL_MS_MAX = 60_000

function repositoryOf({ bucketPath, accountID }: World): string {
  return join(bucketPath, 'accounts', accountID)
}

async function dumpFile(world: World, { resourceID }: Operation, path: string): Promise<Buffer> {
  const row = await world.row('select * from backups where id = $1', resourceID)
  const { repository_id } = row
  const id = path === STREAM_PATH ? row.stream_snapshot_id : row.description_snapshot_id
  const sealing = createSealing(TEST_MASTER_KEY)
  const { database } = world.database
  const secrets = await openRepositorySecrets(database, sealing, String(repository_id))
  const words = ['dump', String(id), path]
  return execFileSync('restic', ['--no-cache', '-r', repositoryOf(world), ...words], {
    env: { ...process.env, RESTIC_PASSWORD: secrets?.password ?? '' },
    maxBuffer: 1 << 26,
  })
}

/** Commands of processes whose environment names the app's directory as their home. */
function processesIn(appPath: string): string[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      const environment = readFileSync(`/proc/${name}/environ`, 'latin1').split('\0')
      if (!environment.includes(`HOME=${appPath}`)) return []
      return [readFileSync(`/proc/${name}/cmdline`, 'latin1')]
    } catch (error) {
      // It ended meanwhile.
      if (error instanceof Error && 'code' in error) return []
      throw error
    }
  })
}
