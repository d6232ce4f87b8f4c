// Runs operations while the service and its movers are killed according to a plan, starts the
// service again each time, and checks that everything finished by itself with nothing left.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createSealing, openRepositorySecrets } from '@holdfast/db'
import { createHostPlatform, type OwnedThing } from '@holdfast/platforms'
import { systemNow } from './clock.ts'
import type { Kill, ServiceProgramInput, ServiceProgramLine } from './kill-plan.ts'
import { compileCacheIn, TEST_MASTER_KEY } from './test-service.ts'
import type { Operation, World } from './world.ts'

export interface KilledOperation {
  readonly operation: Operation
  readonly kills: readonly Kill[]
  readonly cancel?: ServiceProgramInput['cancel']
  /** How its task must end. */
  readonly endsAs: 'completed' | 'cancelled' | 'failed'
}

/** A kill that never happened fails: the step was not reached. */
export async function runKilled(world: World, killed: KilledOperation): Promise<void> {
  let left = [...killed.kills]
  const log: string[] = []
  // Each round ends with a killed service, but for the last.
  for (let round = 0; round <= killed.kills.length; round += 1) {
    const { happened, wasKilled } = await runService(world, { ...killed, kills: left }, log)
    left = left.slice(happened)
    if (!wasKilled) break
  }
  const names = left.map(({ workflow, step, position }) => `${workflow}/${step} ${position}`)
  assert.deepEqual(names, [], `steps that were never reached; the service said:\n${log.join('\n')}`)
  const task = await world.row(
    'select state, failure from tasks where id = $1',
    killed.operation.taskID,
  )
  assert.equal(task.state, killed.endsAs, `${JSON.stringify(task.failure)}\n${log.join('\n')}`)
}

interface RoundInput {
  readonly kills: readonly Kill[]
  readonly cancel?: ServiceProgramInput['cancel']
}

async function runService(
  world: World,
  { kills, cancel }: RoundInput,
  log: string[],
): Promise<{ readonly happened: number; readonly wasKilled: boolean }> {
  const input: ServiceProgramInput = {
    databaseUrl: world.database.url,
    home: world.home,
    hostRoot: world.hostRoot,
    kills,
    ...(cancel === undefined ? {} : { cancel }),
  }
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(input)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: compileCacheIn(world.home) },
  })
  let happened = 0
  createInterface({ input: child.stdout }).on('line', (text) => {
    log.push(text)
    const line = JSON.parse(text) as ServiceProgramLine
    if (line.event === 'killing') happened += 1
  })
  const exited = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
  try {
    await Promise.race([exited, untilIdle(world, () => child.exitCode ?? child.signalCode)])
    child.stdin.end()
    await exited
  } finally {
    child.kill('SIGKILL')
  }
  const [code, signal] = await exited
  assert.ok(
    signal === 'SIGKILL' || code === 0,
    `the service ended with ${code}:\n${log.join('\n')}`,
  )
  return { happened, wasKilled: signal === 'SIGKILL' }
}

const PROGRAM = fileURLToPath(new URL('service-program.ts', import.meta.url))
const POLL_MS = 50

/** Until every task is final and every workflow has ended. */
async function untilIdle(world: World, hasEnded: () => unknown): Promise<void> {
  while (hasEnded() === null) {
    const unended = await world.rows(
      `select id::text from tasks where state in ('notStarted', 'running', 'cancelling')
       union all
       select workflow_uuid from dbos.workflow_status where status in ('PENDING', 'ENQUEUED')`,
    )
    if (unended.length === 0) return
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

/** What dead processes must not leave: obligations, snapshots, staging, locks, movers. */
export async function assertNothingLeft(
  world: World,
  keptSnapshots: readonly OwnedThing['id'][] = [],
): Promise<void> {
  assert.deepEqual(await world.rows('select kind, resource, detail from obligations'), [])
  const owned = await hostPlatform(world).listOwned()
  assert.deepEqual(
    owned.filter(({ id }) => !keptSnapshots.includes(id)),
    [],
  )
  assert.deepEqual(moversOf(world), [])
  for (const repository of repositoryPaths(world)) {
    assert.deepEqual(readdirSync(join(repository, 'locks')), [], `locks in ${repository}`)
  }
}

/** However often the service died: what ended is told, and told once. */
export async function assertEndsAreToldOnce(world: World): Promise<void> {
  const told = `select count(*) from events
    where correlation_id = tasks.id and name <> 'holdfast.hook.failed'`
  const silent = await world.rows(
    `select kind, state, (${told}) as count from tasks
     where (kind, state) in (('backup', 'completed'), ('snapshot', 'completed'),
       ('restore', 'completed'), ('clone', 'completed'), ('delete-backup', 'failed'),
       ('delete-snapshot', 'failed'), ('stream-backup', 'completed'),
       ('stream-restore', 'completed'), ('stream-restore', 'failed'))
       and parent_task_id is null and (${told}) <> 1`,
  )
  assert.deepEqual(silent, [])
  const cancelled = `select kind from tasks where state = 'cancelled' and (${told}) > 0`
  assert.deepEqual(await world.rows(cancelled), [])
}

/** Stock restic finds nothing wrong in any repository of the world. */
export async function assertRepositoriesClean(world: World): Promise<void> {
  const sealing = createSealing(TEST_MASTER_KEY)
  const repositories = await world.rows('select id, bucket_id, prefix from repositories')
  for (const { id, bucket_id, prefix } of repositories) {
    const secrets = await openRepositorySecrets(world.database.database, sealing, String(id))
    const parent = bucket_id === null ? join(world.home, 'snapshots') : world.bucketPath
    execFileSync('restic', ['--no-cache', '-r', join(parent, String(prefix)), 'check'], {
      env: { ...process.env, RESTIC_PASSWORD: secrets?.password ?? '' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }
}

/** From now on the database itself refuses a percentage that falls. */
export async function forbidFallingPercent(world: World): Promise<void> {
  await world.database.database.pool.query(`
    create function refuse_falling_percent() returns trigger language plpgsql as $$
    begin
      if new.percent_done < old.percent_done then
        raise exception 'percent_done of % fell from % to %', new.id, old.percent_done, new.percent_done;
      end if;
      return new;
    end $$;
    create trigger backups_percent before update on backups
      for each row execute function refuse_falling_percent();
    create trigger tasks_percent before update on tasks
      for each row execute function refuse_falling_percent();
  `)
}

function hostPlatform({ hostRoot, home }: World) {
  return createHostPlatform({
    hostRoot,
    stateDir: join(home, 'state'),
    moverCommand: [],
    moverEnvironment: {},
    clock: systemNow,
  })
}

function repositoryPaths({ home, bucketPath, accountID, clusterID }: World): string[] {
  const local = join(home, 'snapshots', clusterID, accountID)
  return [join(bucketPath, 'accounts', accountID), local].filter((path) =>
    existsSync(join(path, 'locks')),
  )
}

/** Process ids whose environment names the world's home: movers get it for this. */
function moversOf({ home }: World): string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false
    try {
      return readFileSync(`/proc/${name}/environ`, 'latin1').includes(
        `HOLDFAST_TEST_HOME=${home}\0`,
      )
    } catch (error) {
      // It ended meanwhile.
      if (error instanceof Error && 'code' in error) return false
      throw error
    }
  })
}
