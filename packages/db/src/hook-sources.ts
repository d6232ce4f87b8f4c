// Hook sources: the scripts that execution hooks run.
import type { Label } from '@holdfast/domain'
import { sql } from 'kysely'
import type { ResourceSource } from './list-resources.ts'
import { isAppHeld } from './namespace-reach.ts'
import {
  type CommonRow,
  commonFields,
  type ResourceCommon,
  text,
  toCommon,
} from './resource-fields.ts'
import type { Queries } from './transaction.ts'

export interface HookSource extends ResourceCommon {
  readonly name: string
  /** The script is not shown. */
  readonly isPrivate: boolean
  /** Shipped with the product: it cannot be changed. */
  readonly isPreloaded: boolean
  /** base64, as it was sent. */
  readonly source: string
  /** Of the base64 text. */
  readonly sourceMD5: string
  readonly description?: string
}

interface HookSourceRow extends CommonRow {
  readonly name: string
  readonly is_private: boolean
  readonly is_preloaded: boolean
  readonly source: string
  readonly source_md5: string
  readonly description: string | null
}

export const HOOK_SOURCES: ResourceSource<HookSource> = {
  from: sql`hook_sources`,
  columns: sql`hook_sources.*`,
  isVisible: sql`true`,
  id: sql`hook_sources.id`,
  accountID: sql`hook_sources.account_id`,
  createdAt: sql`hook_sources.created_at`,
  parents: {},
  // Those that hooks within reach run.
  limitedTo: ({ reach }) => ({
    rows: sql`exists (
      select 1 from execution_hooks join apps on apps.id = execution_hooks.app_id
      where execution_hooks.hook_source_id = hook_sources.id and apps.hidden_at is null
        and ${isAppHeld(reach, 'apps')})`,
  }),
  fields: {
    ...commonFields('hook_sources'),
    name: text(sql`hook_sources.name`),
    private: text(sql`hook_sources.is_private`),
    preloaded: text(sql`hook_sources.is_preloaded`),
    sourceType: text(sql`hook_sources.source_type`),
    sourceMD5: text(sql`hook_sources.source_md5`),
    description: text(sql`hook_sources.description`),
  },
  toResource: (row: HookSourceRow) => ({
    ...toCommon(row),
    name: row.name,
    isPrivate: row.is_private,
    isPreloaded: row.is_preloaded,
    source: row.source,
    sourceMD5: row.source_md5,
    ...(row.description === null ? {} : { description: row.description }),
  }),
}

export interface NewHookSource {
  readonly id: string
  readonly accountID: string
  readonly name: string
  readonly version: string
  readonly source: string
  readonly sourceMD5: string
  readonly description: string | undefined
  readonly labels: readonly Label[]
  readonly createdBy: string
  readonly now: Date
}

/** False: another source of the account has the name. */
export async function insertHookSource(
  { queries }: Queries,
  source: NewHookSource,
): Promise<boolean> {
  const inserted = await queries
    .insertInto('hook_sources')
    .values({
      id: source.id,
      account_id: source.accountID,
      name: source.name,
      version: source.version,
      source: source.source,
      source_md5: source.sourceMD5,
      description: source.description ?? null,
      labels: JSON.stringify(source.labels),
      created_by: source.createdBy,
      created_at: source.now,
      modified_at: source.now,
    })
    .onConflict((conflict) => conflict.columns(['account_id', 'name']).doNothing())
    .executeTakeFirst()
  return (inserted.numInsertedOrUpdatedRows ?? 0n) > 0n
}

export interface HookSourceChange {
  readonly version: string
  readonly name?: string
  readonly isPrivate?: boolean
  readonly source?: string
  readonly sourceMD5?: string
  readonly description?: string
  readonly labels?: readonly Label[]
  readonly modifiedBy: string
  readonly now: Date
}

/** What is absent stays. */
export async function updateHookSource(
  { queries }: Queries,
  { id, change }: { readonly id: string; readonly change: HookSourceChange },
): Promise<void> {
  const { name, isPrivate, source, sourceMD5, description, labels } = change
  await queries
    .updateTable('hook_sources')
    .set({
      version: change.version,
      modified_by: change.modifiedBy,
      modified_at: change.now,
      ...(name === undefined ? {} : { name }),
      ...(isPrivate === undefined ? {} : { is_private: isPrivate }),
      ...(source === undefined ? {} : { source }),
      ...(sourceMD5 === undefined ? {} : { source_md5: sourceMD5 }),
      ...(description === undefined ? {} : { description }),
      ...(labels === undefined ? {} : { labels: JSON.stringify(labels) }),
    })
    .where('id', '=', id)
    .execute()
}

/** Until the transaction ends, nobody else changes a hook source or a hook of the account. */
export async function lockHooks({ queries }: Queries, accountID: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`hooks ${accountID}`}, 0))`.execute(
    queries,
  )
}

/** Under `lockHooks`: does another one have this name? */
export async function isHookSourceNameTaken(
  { queries }: Queries,
  wanted: { readonly accountID: string; readonly name: string; readonly exceptID: string },
): Promise<boolean> {
  const row = await queries
    .selectFrom('hook_sources')
    .select('id')
    .where('account_id', '=', wanted.accountID)
    .where('name', '=', wanted.name)
    .where('id', '<>', wanted.exceptID)
    .executeTakeFirst()
  return row !== undefined
}

/** A hook that uses the source, also one of an app that lies in the trash. */
export async function findHookOfSource(
  { queries }: Queries,
  sourceID: string,
): Promise<{ readonly name: string; readonly appName: string } | undefined> {
  return await queries
    .selectFrom('execution_hooks')
    .innerJoin('apps', 'apps.id', 'execution_hooks.app_id')
    .select(['execution_hooks.name', 'apps.name as appName'])
    .where('hook_source_id', '=', sourceID)
    .orderBy('execution_hooks.created_at')
    .limit(1)
    .executeTakeFirst()
}

/** Under `lockHooks`; no hook uses it. */
export async function deleteHookSource({ queries }: Queries, id: string): Promise<void> {
  await queries.deleteFrom('hook_sources').where('id', '=', id).execute()
}
