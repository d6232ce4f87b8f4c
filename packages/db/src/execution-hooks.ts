// Execution hooks: which script runs for which containers of an app, before or after what.
import type { HookAction, HookCriterion, HookStage, HookToPlan, Label } from '@holdfast/domain'
import { type RawBuilder, sql } from 'kysely'
import type { ResourceSource } from './list-resources.ts'
import { isAppHeld } from './namespace-reach.ts'
import {
  type CommonRow,
  commonFields,
  json,
  type ResourceCommon,
  text,
  toCommon,
} from './resource-fields.ts'
import type { Queries } from './transaction.ts'

export interface ExecutionHook extends ResourceCommon {
  readonly appID: string
  readonly name: string
  readonly hookType: 'netapp' | 'custom'
  readonly matchingCriteria: readonly HookCriterion[]
  readonly action: HookAction
  readonly stage: HookStage
  readonly hookSourceID: string
  readonly arguments: readonly string[]
  readonly isEnabled: boolean
  readonly description?: string
  readonly appName: string
  readonly namespaces: readonly string[]
}

interface ExecutionHookRow extends CommonRow {
  readonly app_id: string
  readonly name: string
  readonly hook_type: ExecutionHook['hookType']
  readonly matching_criteria: readonly HookCriterion[]
  readonly action: HookAction
  readonly stage: HookStage
  readonly hook_source_id: string
  readonly arguments: readonly string[]
  readonly is_enabled: boolean
  readonly description: string | null
  readonly app_name: string
  readonly namespaces: readonly string[]
}

export const EXECUTION_HOOKS: ResourceSource<ExecutionHook> = {
  from: sql`execution_hooks join apps on apps.id = execution_hooks.app_id`,
  columns: sql`execution_hooks.*, apps.name as app_name,
    jsonb_path_query_array(apps.namespace_scoped_resources, '$[*].namespace') as namespaces`,
  // Those of an app in the trash are there again with it.
  isVisible: sql`apps.hidden_at is null`,
  limitedTo: ({ reach }) => ({ rows: isAppHeld(reach, 'apps') }),
  id: sql`execution_hooks.id`,
  accountID: sql`execution_hooks.account_id`,
  createdAt: sql`execution_hooks.created_at`,
  parents: { appID: sql`execution_hooks.app_id` },
  fields: {
    ...commonFields('execution_hooks'),
    appID: text(sql`execution_hooks.app_id`),
    name: text(sql`execution_hooks.name`),
    hookType: text(sql`execution_hooks.hook_type`),
    matchingCriteria: json(sql`execution_hooks.matching_criteria`),
    action: text(sql`execution_hooks.action`),
    stage: text(sql`execution_hooks.stage`),
    hookSourceID: text(sql`execution_hooks.hook_source_id`),
    arguments: json(sql`execution_hooks.arguments`),
    enabled: text(sql`execution_hooks.is_enabled`),
    description: text(sql`execution_hooks.description`),
  },
  toResource: toHook,
}

function toHook(row: ExecutionHookRow): ExecutionHook {
  return {
    ...toCommon(row),
    appID: row.app_id,
    name: row.name,
    hookType: row.hook_type,
    matchingCriteria: row.matching_criteria,
    action: row.action,
    stage: row.stage,
    hookSourceID: row.hook_source_id,
    arguments: row.arguments,
    isEnabled: row.is_enabled,
    ...(row.description === null ? {} : { description: row.description }),
    appName: row.app_name,
    namespaces: [...new Set(row.namespaces)],
  }
}

export interface NewExecutionHook {
  readonly id: string
  readonly accountID: string
  readonly appID: string
  readonly name: string
  readonly version: string
  readonly matchingCriteria: readonly HookCriterion[]
  readonly action: HookAction
  readonly stage: HookStage
  readonly hookSourceID: string
  readonly arguments: readonly string[]
  readonly isEnabled: boolean
  readonly description: string | undefined
  readonly labels: readonly Label[]
  readonly createdBy: string
  readonly now: Date
}

/** Under `lockHooks`. False: another hook of the app has the name. */
export async function insertExecutionHook(
  { queries }: Queries,
  hook: NewExecutionHook,
): Promise<boolean> {
  const inserted = await queries
    .insertInto('execution_hooks')
    .values({
      id: hook.id,
      account_id: hook.accountID,
      app_id: hook.appID,
      name: hook.name,
      version: hook.version,
      matching_criteria: JSON.stringify(hook.matchingCriteria),
      action: hook.action,
      stage: hook.stage,
      hook_source_id: hook.hookSourceID,
      arguments: JSON.stringify(hook.arguments),
      is_enabled: hook.isEnabled,
      description: hook.description ?? null,
      labels: JSON.stringify(hook.labels),
      created_by: hook.createdBy,
      created_at: hook.now,
      modified_at: hook.now,
    })
    .onConflict((conflict) => conflict.columns(['app_id', 'name']).doNothing())
    .executeTakeFirst()
  return (inserted.numInsertedOrUpdatedRows ?? 0n) > 0n
}

export type ExecutionHookChange = Partial<
  Pick<
    NewExecutionHook,
    | 'name'
    | 'matchingCriteria'
    | 'action'
    | 'stage'
    | 'hookSourceID'
    | 'arguments'
    | 'isEnabled'
    | 'labels'
  >
> & {
  readonly version: string
  readonly description?: string
  readonly modifiedBy: string
  readonly now: Date
}

/** What is absent stays. */
export async function updateExecutionHook(
  { queries }: Queries,
  { id, change }: { readonly id: string; readonly change: ExecutionHookChange },
): Promise<void> {
  const { name, matchingCriteria, action, stage, hookSourceID, isEnabled, description } = change
  await queries
    .updateTable('execution_hooks')
    .set({
      version: change.version,
      modified_by: change.modifiedBy,
      modified_at: change.now,
      ...(name === undefined ? {} : { name }),
      ...(matchingCriteria === undefined
        ? {}
        : { matching_criteria: JSON.stringify(matchingCriteria) }),
      ...(action === undefined ? {} : { action }),
      ...(stage === undefined ? {} : { stage }),
      ...(hookSourceID === undefined ? {} : { hook_source_id: hookSourceID }),
      ...(change.arguments === undefined ? {} : { arguments: JSON.stringify(change.arguments) }),
      ...(isEnabled === undefined ? {} : { is_enabled: isEnabled }),
      ...(description === undefined ? {} : { description }),
      ...(change.labels === undefined ? {} : { labels: JSON.stringify(change.labels) }),
    })
    .where('id', '=', id)
    .execute()
}

/** Under `lockHooks`: does another hook of the app have this name? */
export async function isExecutionHookNameTaken(
  { queries }: Queries,
  wanted: { readonly appID: string; readonly name: string; readonly exceptID: string },
): Promise<boolean> {
  const row = await queries
    .selectFrom('execution_hooks')
    .select('id')
    .where('app_id', '=', wanted.appID)
    .where('name', '=', wanted.name)
    .where('id', '<>', wanted.exceptID)
    .executeTakeFirst()
  return row !== undefined
}

export async function deleteExecutionHook({ queries }: Queries, id: string): Promise<void> {
  await queries.deleteFrom('execution_hooks').where('id', '=', id).execute()
}

/** What of a hook is run, with its script; also as a copy records it. */
export interface RunnableHook extends HookToPlan {
  readonly arguments: readonly string[]
  /** base64 */
  readonly source: string
  /** Whoever changed the hook, and its source, last is an owner of the whole account now. */
  readonly mayRunAsRoot: boolean
}

/** The enabled hooks of an app for an action. */
export async function listRunnableHooks(
  { queries }: Queries,
  { appID, action }: { readonly appID: string; readonly action: HookAction },
): Promise<RunnableHook[]> {
  const { rows } = await sql<RunnableRow>`
    select hooks.id, hooks.name, hooks.action, hooks.stage, hooks.matching_criteria,
      hooks.arguments, sources.source,
      ${isOwner(sql`hooks`)} and ${isOwner(sql`sources`)} as may_run_as_root
    from execution_hooks hooks join hook_sources sources on sources.id = hooks.hook_source_id
    where hooks.app_id = ${appID} and hooks.action = ${action} and hooks.is_enabled
    order by hooks.name collate "C", hooks.id
  `.execute(queries)
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    action: row.action,
    stage: row.stage,
    matchingCriteria: row.matching_criteria,
    isEnabled: true,
    arguments: row.arguments,
    source: row.source,
    mayRunAsRoot: row.may_run_as_root,
  }))
}

/** Is it an owner of the whole account, now: a user, or an API key with all capabilities? */
export async function isAccountOwner(
  { queries }: Queries,
  user: { readonly accountID: string; readonly userID: string },
): Promise<boolean> {
  const { rows } = await sql<{ found: boolean }>`
    select ${isWholeOwner(sql`${user.accountID}::uuid`, sql`${user.userID}::uuid`)} as found
  `.execute(queries)
  return rows[0]?.found === true
}

interface RunnableRow
  extends Pick<ExecutionHookRow, 'id' | 'name' | 'action' | 'stage' | 'matching_criteria'> {
  readonly arguments: readonly string[]
  readonly source: string
  readonly may_run_as_root: boolean
}

/** Of the row that `table` names: is who changed it last an owner? */
function isOwner(table: RawBuilder<unknown>): RawBuilder<boolean> {
  return isWholeOwner(
    sql`${table}.account_id`,
    sql`coalesce(${table}.modified_by, ${table}.created_by)`,
  )
}

function isWholeOwner(accountID: RawBuilder<unknown>, actorID: RawBuilder<unknown>) {
  return sql<boolean>`(exists (
      select 1 from role_bindings bindings join users on users.id = bindings.user_id
      where bindings.account_id = ${accountID} and bindings.user_id = ${actorID}
        and bindings.role = 'owner' and bindings.role_constraints ? '*'
        and users.is_enabled and users.state = 'active')
    or exists (
      select 1 from api_keys keys join hub_roles hub on hub.id = keys.role_id
      where keys.account_id = ${accountID} and keys.id = ${actorID}
        and keys.deleted_at is null and hub.has_all_capabilities))`
}

/** The hooks after a restore that a copy recorded. */
export async function findRestoreHooks(
  { queries }: Queries,
  { kind, id }: { readonly kind: 'backup' | 'snapshot'; readonly id: string },
): Promise<RunnableHook[]> {
  const table = kind === 'backup' ? 'backups' : 'application_snapshots'
  const row = await queries
    .selectFrom(table)
    .select('restore_hooks')
    .where('id', '=', id)
    .executeTakeFirst()
  return (row?.restore_hooks ?? []) as unknown as RunnableHook[]
}

export async function recordRestoreHooks(
  { queries }: Queries,
  { kind, id }: { readonly kind: 'backup' | 'snapshot'; readonly id: string },
  hooks: readonly RunnableHook[],
): Promise<void> {
  await queries
    .updateTable(kind === 'backup' ? 'backups' : 'application_snapshots')
    .set({ restore_hooks: JSON.stringify(hooks) })
    .where('id', '=', id)
    .execute()
}
