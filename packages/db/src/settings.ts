// The settings of accounts. A row is made when somebody looks; until then the first values hold.
import {
  SETTING_DEFINITIONS,
  SETTING_NAMES,
  type SettingConfig,
  type SettingName,
} from '@holdfast/domain'
import { sql } from 'kysely'
import type { ResourceSource } from './list-resources.ts'
import {
  type CommonRow,
  commonFields,
  json,
  type ResourceCommon,
  text,
  toCommon,
} from './resource-fields.ts'
import type { Queries } from './transaction.ts'

export const SETTING_STATES = ['valid', 'pending', 'error'] as const
export type SettingState = (typeof SETTING_STATES)[number]

export interface AccountSetting extends ResourceCommon {
  readonly name: SettingName
  readonly currentConfig: SettingConfig
  /** Absent until somebody asked for something. */
  readonly desiredConfig?: SettingConfig
  readonly state: SettingState
  readonly stateUnready: readonly string[]
}

interface SettingRow extends CommonRow {
  readonly name: SettingName
  readonly current_config: SettingConfig
  readonly desired_config: SettingConfig | null
  readonly state: SettingState
  readonly state_unready: readonly string[]
}

export const ACCOUNT_SETTINGS: ResourceSource<AccountSetting> = {
  from: sql`settings`,
  columns: sql`settings.*`,
  // A row of a name that this version does not know is another version's affair.
  isVisible: sql`settings.name in (${sql.join(SETTING_NAMES)})`,
  id: sql`settings.id`,
  accountID: sql`settings.account_id`,
  createdAt: sql`settings.created_at`,
  parents: {},
  fields: {
    ...commonFields('settings'),
    name: text(sql`settings.name`),
    currentConfig: json(sql`settings.current_config`),
    desiredConfig: json(sql`settings.desired_config`),
    state: text(sql`settings.state`),
    stateUnready: json(sql`settings.state_unready`),
  },
  toResource: (row: SettingRow) => ({
    ...toCommon(row),
    name: row.name,
    currentConfig: { ...SETTING_DEFINITIONS[row.name].initial, ...row.current_config },
    ...(row.desired_config === null ? {} : { desiredConfig: row.desired_config }),
    state: row.state,
    stateUnready: row.state_unready,
  }),
}

/** What is in effect: what somebody set, over the first values. */
export async function readSetting(
  { queries }: Queries,
  accountID: string,
  name: SettingName,
): Promise<SettingConfig> {
  const { rows } = await sql<{ config: SettingConfig }>`
    select current_config as config from settings
    where account_id = ${accountID} and name = ${name}
  `.execute(queries)
  return { ...SETTING_DEFINITIONS[name].initial, ...rows[0]?.config }
}

/** Makes the rows that the account lacks, with ids of their own. Idempotent. */
export async function ensureSettings(
  { queries }: Queries,
  { accountID, now }: { readonly accountID: string; readonly now: Date },
): Promise<void> {
  const initial = JSON.stringify(
    SETTING_NAMES.map((name) => ({ name, config: SETTING_DEFINITIONS[name].initial })),
  )
  await sql`
    insert into settings (id, account_id, name, current_config, created_at, modified_at)
    select gen_random_uuid(), ${accountID}, first.name, first.config, ${now}, ${now}
    from jsonb_to_recordset(${initial}::jsonb) as first (name text, config jsonb)
    where not exists (
      select 1 from settings where account_id = ${accountID} and settings.name = first.name)
    order by first.name collate "C"
    on conflict (account_id, name) do nothing
  `.execute(queries)
}

/** Call in a transaction: holds off every other change of the setting until its end. */
export async function lockSetting({ queries }: Queries, id: string): Promise<void> {
  await sql`select 1 from settings where id = ${id} for update`.execute(queries)
}

export interface SettingChange {
  readonly id: string
  readonly version: string
  readonly desiredConfig?: SettingConfig
  /** Why the desired configuration is not in effect; it is, when absent. */
  readonly obstacle?: string
  readonly labels?: ResourceCommon['labels']
  readonly modifiedBy: string
  readonly now: Date
}

export async function updateSetting({ queries }: Queries, change: SettingChange): Promise<void> {
  const { id, version, desiredConfig, obstacle, labels, modifiedBy, now } = change
  const desired = desiredConfig && JSON.stringify(desiredConfig)
  const outcome =
    obstacle === undefined
      ? { current_config: desired ?? '{}', state: 'valid' as const, state_unready: '[]' }
      : { state: 'error' as const, state_unready: JSON.stringify([obstacle]) }
  await queries
    .updateTable('settings')
    .set({
      version,
      modified_by: modifiedBy,
      modified_at: now,
      ...(desired === undefined ? {} : { desired_config: desired, ...outcome }),
      ...(labels === undefined ? {} : { labels: JSON.stringify(labels) }),
    })
    .where('id', '=', id)
    .execute()
}
