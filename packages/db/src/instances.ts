// The running units of apps as the container dialect lists and reads them.
import { type AppState, INSTANCE_STATE_OF_APP, type InstanceState } from '@holdfast/domain'
import { type RawBuilder, type SqlBool, sql } from 'kysely'
import { APP_IDENTIFIER } from './containers.ts'
import { isApiKey } from './is-api-key.ts'
import type { ResourceSource } from './list-resources.ts'
import { isAppHeld } from './namespace-reach.ts'
import { exactInstant, text } from './resource-fields.ts'
import type { StateDetail } from './state-detail.ts'
import { wordFor } from './state-expression.ts'

export interface Instance {
  /** 24 hexadecimal digits. */
  readonly id: string
  readonly accountID: string
  readonly appID: string
  readonly hostname: string
  readonly clusterID: string
  readonly clusterName: string
  readonly state: InstanceState
  readonly stateDetails: readonly StateDetail[]
  readonly createdBy: string
  readonly isByApiKey: boolean
  readonly createdAt: Date
  readonly modifiedAt: Date
}

interface InstanceRow {
  readonly id: string
  readonly account_id: string
  readonly app_id: string
  readonly hostname: string
  readonly cluster_id: string
  readonly cluster_name: string
  readonly state: AppState
  readonly state_details: readonly StateDetail[]
  readonly created_by: string
  readonly is_by_api_key: boolean
  readonly created_at: Date
  readonly modified_at: Date
}

const STATE = wordFor(sql`apps.state`, INSTANCE_STATE_OF_APP)

export const INSTANCES: ResourceSource<Instance> = {
  from: sql`instances join apps on apps.id = instances.app_id
    join clusters on clusters.id = apps.cluster_id`,
  columns: sql`instances.id, instances.account_id, instances.app_id, instances.created_at,
    ${APP_IDENTIFIER} as hostname, apps.state, apps.state_details, apps.created_by, apps.modified_at,
    apps.cluster_id, clusters.name as cluster_name,
    ${isApiKey(sql`apps.created_by`)} as is_by_api_key`,
  isVisible: sql`apps.hidden_at is null`,
  limitedTo: ({ reach }) => ({ rows: isAppHeld(reach, 'apps') }),
  id: sql`instances.id`,
  idKind: 'text',
  accountID: sql`instances.account_id`,
  createdAt: sql`instances.created_at`,
  parents: { appID: sql`instances.app_id` },
  fields: {
    id: text(sql`instances.id`),
    hostname: text(APP_IDENTIFIER),
    state: text(STATE),
    createdAt: exactInstant(sql`instances.created_at`),
    modifiedAt: exactInstant(sql`apps.modified_at`),
  },
  toResource: toInstance,
}

function toInstance(row: InstanceRow): Instance {
  return {
    id: row.id,
    accountID: row.account_id,
    appID: row.app_id,
    hostname: row.hostname,
    clusterID: row.cluster_id,
    clusterName: row.cluster_name,
    state: INSTANCE_STATE_OF_APP[row.state],
    stateDetails: row.state_details,
    createdBy: row.created_by,
    isByApiKey: row.is_by_api_key,
    createdAt: row.created_at,
    modifiedAt: row.modified_at,
  }
}

/** Absent: all. Of several values, any. */
export interface InstanceFilter {
  readonly states?: readonly string[]
  /** Part of the app's name or of the instance's id, in any case. */
  readonly search?: string
  /** Digits of clusters: each is the one machine of its host. */
  readonly servers?: readonly string[]
  readonly from?: Date
  readonly until?: Date
}

export function instancesMatching(filter: InstanceFilter): ResourceSource<Instance> {
  const { states, search, servers, from, until } = filter
  const conditions: RawBuilder<SqlBool>[] = [INSTANCES.isVisible]
  if (states !== undefined) conditions.push(sql`${STATE} = any(${[...states]}::text[])`)
  if (search !== undefined) {
    const searched = sql`lower(concat_ws(' ', apps.name, instances.id))`
    conditions.push(sql`strpos(${searched}, lower(${search})) > 0`)
  }
  if (servers !== undefined) {
    const hexID = sql`left(replace(apps.cluster_id::text, '-', ''), 24)`
    conditions.push(sql`${hexID} = any(${[...servers]}::text[])`)
  }
  if (from !== undefined) conditions.push(sql`instances.created_at >= ${from}`)
  if (until !== undefined) conditions.push(sql`instances.created_at <= ${until}`)
  return { ...INSTANCES, isVisible: sql`(${sql.join(conditions, sql` and `)})` }
}
