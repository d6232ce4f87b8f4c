// Apps as the container dialect lists and reads them.
import {
  type AppState,
  CONTAINER_STATE_OF_APP,
  type ContainerState,
  INSTANCE_STATE_OF_APP,
  type InstanceState,
} from '@holdfast/domain'
import { type RawBuilder, type SqlBool, sql } from 'kysely'
import { uuidRangeOf } from './container-ids.ts'
import { isApiKey } from './is-api-key.ts'
import type { ResourceSource } from './list-resources.ts'
import { isAppHeld } from './namespace-reach.ts'
import { exactInstant, number, text } from './resource-fields.ts'
import type { StateDetail } from './state-detail.ts'
import { wordFor } from './state-expression.ts'

export interface Container {
  /** The app's. */
  readonly id: string
  readonly accountID: string
  readonly name: string
  readonly identifier: string
  readonly clusterID: string
  readonly clusterName: string
  readonly state: ContainerState
  /** Why it does not run. */
  readonly stateDetails: readonly StateDetail[]
  readonly createdBy: string
  readonly isByApiKey: boolean
  readonly createdAt: Date
  readonly modifiedAt: Date
  /** How many there are of each state. */
  readonly instances: Readonly<Partial<Record<InstanceState, number>>>
}

interface ContainerRow {
  readonly id: string
  readonly account_id: string
  readonly name: string
  readonly identifier: string
  readonly cluster_id: string
  readonly cluster_name: string
  readonly state: AppState
  readonly state_details: readonly StateDetail[]
  readonly created_by: string
  readonly is_by_api_key: boolean
  readonly created_at: Date
  readonly modified_at: Date
  readonly instance_count: number
}

const HEX_ID = sql`left(replace(apps.id::text, '-', ''), 24)`

/** The name as a slug, as `slugOf` makes it; the id where nothing of the name can be in one. */
export const APP_IDENTIFIER = sql`coalesce(nullif(trim(both '-' from regexp_replace(
  lower(apps.name collate "C"), '[^a-z0-9]+', '-', 'g')), ''), ${HEX_ID})`

const INSTANCE_COUNT = sql<number>`(select count(*) from instances where instances.app_id = apps.id)`

const STATE = wordFor(sql`apps.state`, CONTAINER_STATE_OF_APP)

export const CONTAINERS: ResourceSource<Container> = {
  from: sql`apps join clusters on clusters.id = apps.cluster_id`,
  columns: sql`apps.id, apps.account_id, apps.name, apps.cluster_id, apps.state,
    ${APP_IDENTIFIER} as identifier,
    apps.state_details, apps.created_by, apps.created_at, apps.modified_at,
    clusters.name as cluster_name, ${INSTANCE_COUNT} as instance_count,
    ${isApiKey(sql`apps.created_by`)} as is_by_api_key`,
  isVisible: sql`apps.hidden_at is null`,
  limitedTo: ({ reach }) => ({ rows: isAppHeld(reach, 'apps') }),
  id: sql`apps.id`,
  accountID: sql`apps.account_id`,
  createdAt: sql`apps.created_at`,
  parents: { clusterID: sql`apps.cluster_id` },
  fields: {
    id: text(sql`apps.id`),
    name: text(sql`apps.name`),
    identifier: text(APP_IDENTIFIER),
    state: text(STATE),
    instances: number(INSTANCE_COUNT),
    createdAt: exactInstant(sql`apps.created_at`),
    modifiedAt: exactInstant(sql`apps.modified_at`),
  },
  toResource: toContainer,
}

function toContainer(row: ContainerRow): Container {
  return {
    id: row.id,
    accountID: row.account_id,
    name: row.name,
    identifier: row.identifier,
    clusterID: row.cluster_id,
    clusterName: row.cluster_name,
    state: CONTAINER_STATE_OF_APP[row.state],
    stateDetails: row.state_details,
    createdBy: row.created_by,
    isByApiKey: row.is_by_api_key,
    createdAt: row.created_at,
    modifiedAt: row.modified_at,
    instances:
      row.instance_count === 0 ? {} : { [INSTANCE_STATE_OF_APP[row.state]]: row.instance_count },
  }
}

/** Absent: all. Of several values, any. */
export interface ContainerFilter {
  readonly states?: readonly string[]
  readonly identifiers?: readonly string[]
  /** Part of the name, the identifier or the id, in any case. */
  readonly search?: string
  /** Digits of who made it. */
  readonly creators?: readonly string[]
  /** Digits of clusters. */
  readonly environments?: readonly string[]
  /** When it was made, both included. */
  readonly from?: Date
  readonly until?: Date
}

export function containersMatching(filter: ContainerFilter): ResourceSource<Container> {
  const { states, identifiers, search, creators, environments, from, until } = filter
  const conditions: RawBuilder<SqlBool>[] = [CONTAINERS.isVisible]
  if (states !== undefined) conditions.push(sql`${STATE} = any(${[...states]}::text[])`)
  if (identifiers !== undefined) {
    conditions.push(sql`${APP_IDENTIFIER} = any(${[...identifiers]}::text[])`)
  }
  if (search !== undefined) conditions.push(isFound(search))
  if (creators !== undefined) conditions.push(isAmong(sql`apps.created_by`, creators))
  if (environments !== undefined) conditions.push(isAmong(sql`apps.cluster_id`, environments))
  if (from !== undefined) conditions.push(sql`apps.created_at >= ${from}`)
  if (until !== undefined) conditions.push(sql`apps.created_at <= ${until}`)
  return { ...CONTAINERS, isVisible: sql`(${sql.join(conditions, sql` and `)})` }
}

function isFound(search: string): RawBuilder<SqlBool> {
  const searched = sql`concat_ws(' ', apps.name, ${APP_IDENTIFIER}, ${HEX_ID})`
  return sql`strpos(lower(${searched}), lower(${search})) > 0`
}

function isAmong(id: RawBuilder<unknown>, hexIDs: readonly string[]): RawBuilder<SqlBool> {
  const ranges = hexIDs.map(uuidRangeOf).filter((range) => range !== undefined)
  if (ranges.length === 0) return sql`false`
  const tests = ranges.map(({ first, last }) => {
    return sql`${id} between ${first}::uuid and ${last}::uuid`
  })
  return sql`(${sql.join(tests, sql` or `)})`
}
