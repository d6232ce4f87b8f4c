// Executions of hooks: planned → running → success or failed; skipped when it was not to run.
import type { HookAction, HookRunState, HookStage } from '@holdfast/domain'
import { type Selectable, sql } from 'kysely'
import type { Schema } from './schema.ts'
import type { Queries } from './transaction.ts'

export interface NewHookRun {
  readonly id: string
  readonly taskID: string
  readonly hookID: string
  readonly hookName: string
  readonly action: HookAction
  readonly stage: HookStage
  readonly namespace: string
  readonly podName: string
  readonly containerName: string
  readonly position: number
  readonly source: string
  readonly arguments: readonly string[]
  readonly mayRunAsRoot: boolean
}

export interface HookRun extends Omit<NewHookRun, 'source'> {
  /** base64; undefined when the run has ended. */
  readonly source: string | undefined
  readonly state: HookRunState
  readonly exitCode: number | undefined
  readonly output: string
  /** Why it failed. */
  readonly reason: string | undefined
}

/** All of one plan. Repeating it is harmless: what was planned first stays. */
export async function insertHookRuns(
  { queries }: Queries,
  runs: readonly NewHookRun[],
): Promise<void> {
  if (runs.length === 0) return
  await queries
    .insertInto('hook_runs')
    .values(
      runs.map((run) => ({
        id: run.id,
        task_id: run.taskID,
        hook_id: run.hookID,
        hook_name: run.hookName,
        action: run.action,
        stage: run.stage,
        namespace: run.namespace,
        pod_name: run.podName,
        container_name: run.containerName,
        position: run.position,
        source: run.source,
        arguments: JSON.stringify(run.arguments),
        may_run_as_root: run.mayRunAsRoot,
      })),
    )
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute()
}

/** In the order in which they were planned. */
export async function listHookRuns({ queries }: Queries, taskID: string): Promise<HookRun[]> {
  const rows = await queries
    .selectFrom('hook_runs')
    .selectAll()
    .where('task_id', '=', taskID)
    .orderBy('position')
    .execute()
  return rows.map(toHookRun)
}

/** Before its process is started, so that this is found when the service dies. */
export async function startHookRun(
  { queries }: Queries,
  { id, boot }: { readonly id: string; readonly boot: string },
): Promise<void> {
  await queries
    .updateTable('hook_runs')
    .set({ state: 'running', boot, started_at: sql`now()` })
    .where('id', '=', id)
    .where('state', 'in', ['planned', 'running'])
    .execute()
}

/**
 * Before another service, or another part of this one, ends its process: what the one that began it
 * writes of its end does not count any more.
 */
export async function claimHookRun(
  { queries }: Queries,
  { id, boot }: { readonly id: string; readonly boot: string },
): Promise<void> {
  await queries
    .updateTable('hook_runs')
    .set({ boot })
    .where('id', '=', id)
    .where('state', '=', 'running')
    .execute()
}

export interface HookRunEnd {
  readonly id: string
  /** The start of the service that saw it. */
  readonly boot: string
  readonly state: 'success' | 'failed'
  readonly exitCode?: number
  readonly output: string
  readonly reason?: string
}

/** False: it had ended before, or another start of the service has it now. */
export async function endHookRun({ queries }: Queries, end: HookRunEnd): Promise<boolean> {
  const updated = await queries
    .updateTable('hook_runs')
    .set({
      state: end.state,
      exit_code: end.exitCode ?? null,
      output: end.output,
      reason: end.reason ?? null,
      source: null,
      ended_at: sql`now()`,
    })
    .where('id', '=', end.id)
    .where('state', '=', 'running')
    .where('boot', '=', end.boot)
    .executeTakeFirst()
  return updated.numUpdatedRows > 0n
}

/** What was planned for the task and is not to run any more. */
export async function skipHookRuns({ queries }: Queries, taskID: string): Promise<void> {
  await queries
    .updateTable('hook_runs')
    .set({ state: 'skipped', source: null, ended_at: sql`now()` })
    .where('task_id', '=', taskID)
    .where('state', '=', 'planned')
    .execute()
}

/** Runs whose process these starts of the service began and may not have seen the end of. */
export async function listRunningHookRuns(
  { queries }: Queries,
  boots: readonly string[],
): Promise<{ readonly id: string; readonly clusterID: string }[]> {
  return await queries
    .selectFrom('hook_runs')
    .innerJoin('tasks', 'tasks.id', 'hook_runs.task_id')
    .innerJoin('apps', 'apps.id', 'tasks.app_id')
    .select(['hook_runs.id', 'apps.cluster_id as clusterID'])
    .where('hook_runs.state', '=', 'running')
    .where('hook_runs.boot', 'in', [...boots])
    .execute()
}

function toHookRun(row: Selectable<Schema['hook_runs']>): HookRun {
  return {
    id: row.id,
    taskID: row.task_id,
    hookID: row.hook_id,
    hookName: row.hook_name,
    action: row.action as HookAction,
    stage: row.stage as HookStage,
    namespace: row.namespace,
    podName: row.pod_name,
    containerName: row.container_name,
    position: row.position,
    source: row.source ?? undefined,
    arguments: row.arguments as readonly string[],
    mayRunAsRoot: row.may_run_as_root,
    state: row.state as HookRunState,
    exitCode: row.exit_code ?? undefined,
    output: row.output,
    reason: row.reason ?? undefined,
  }
}
