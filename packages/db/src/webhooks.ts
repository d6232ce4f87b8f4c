// Webhooks: addresses that notifications are sent to. The secret that signs them is sealed and
// leaves the database for the signing alone.

import type { Label } from '@holdfast/domain'
import { sql } from 'kysely'
import type { ResourceSource } from './list-resources.ts'
import {
  type CommonRow,
  commonFields,
  type ResourceCommon,
  text,
  toCommon,
} from './resource-fields.ts'
import type { Sealing } from './sealing.ts'
import type { Queries } from './transaction.ts'

export const WEBHOOK_SEVERITIES = ['informational', 'warning', 'critical'] as const
export type WebhookSeverity = (typeof WEBHOOK_SEVERITIES)[number]

export interface Webhook extends ResourceCommon {
  readonly name: string
  readonly url: string
  readonly isEnabled: boolean
  readonly minimumSeverity: WebhookSeverity
}

interface WebhookRow extends CommonRow {
  readonly name: string
  readonly url: string
  readonly is_enabled: boolean
  readonly minimum_severity: WebhookSeverity
}

export const WEBHOOKS: ResourceSource<Webhook> = {
  from: sql`webhooks`,
  columns: sql`webhooks.*`,
  isVisible: sql`true`,
  id: sql`webhooks.id`,
  accountID: sql`webhooks.account_id`,
  createdAt: sql`webhooks.created_at`,
  parents: {},
  fields: {
    ...commonFields('webhooks'),
    name: text(sql`webhooks.name`),
    url: text(sql`webhooks.url`),
    isEnabled: text(sql`webhooks.is_enabled`),
    minimumSeverity: text(sql`webhooks.minimum_severity`),
  },
  toResource: (row: WebhookRow) => ({
    ...toCommon(row),
    name: row.name,
    url: row.url,
    isEnabled: row.is_enabled,
    minimumSeverity: row.minimum_severity,
  }),
}

export interface NewWebhook {
  readonly id: string
  readonly accountID: string
  readonly name: string
  readonly version: string
  readonly url: string
  /** `whsec_…`, as it was given. */
  readonly secret: string
  readonly isEnabled: boolean
  readonly minimumSeverity: WebhookSeverity
  readonly labels: readonly Label[]
  readonly createdBy: string
  readonly now: Date
}

export async function insertWebhook(
  { queries }: Queries,
  sealing: Sealing,
  webhook: NewWebhook,
): Promise<void> {
  await queries
    .insertInto('webhooks')
    .values({
      id: webhook.id,
      account_id: webhook.accountID,
      name: webhook.name,
      version: webhook.version,
      url: webhook.url,
      sealed_secret: sealing.seal(webhook.secret, secretContext(webhook.id)),
      is_enabled: webhook.isEnabled,
      minimum_severity: webhook.minimumSeverity,
      labels: JSON.stringify(webhook.labels),
      created_by: webhook.createdBy,
      created_at: webhook.now,
      modified_at: webhook.now,
    })
    .execute()
}

export interface WebhookChange {
  readonly version: string
  readonly name?: string
  readonly url?: string
  readonly secret?: string
  readonly isEnabled?: boolean
  readonly minimumSeverity?: WebhookSeverity
  readonly labels?: readonly Label[]
  readonly modifiedBy: string
  readonly now: Date
}

/** What is absent stays. */
export async function updateWebhook(
  { queries }: Queries,
  sealing: Sealing,
  { id, change }: { readonly id: string; readonly change: WebhookChange },
): Promise<void> {
  const { name, url, secret, isEnabled, minimumSeverity, labels } = change
  await queries
    .updateTable('webhooks')
    .set({
      version: change.version,
      modified_by: change.modifiedBy,
      modified_at: change.now,
      ...(name === undefined ? {} : { name }),
      ...(url === undefined ? {} : { url }),
      ...(secret === undefined ? {} : { sealed_secret: sealing.seal(secret, secretContext(id)) }),
      ...(isEnabled === undefined ? {} : { is_enabled: isEnabled }),
      ...(minimumSeverity === undefined ? {} : { minimum_severity: minimumSeverity }),
      ...(labels === undefined ? {} : { labels: JSON.stringify(labels) }),
    })
    .where('id', '=', id)
    .execute()
}

/** Waits for and holds off every other change of the account's webhooks. */
export async function lockWebhooks({ queries }: Queries, accountID: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`webhooks ${accountID}`}, 0))`.execute(
    queries,
  )
}

/** Under `lockWebhooks`: does another one have this name? */
export async function isWebhookNameTaken(
  { queries }: Queries,
  wanted: { readonly accountID: string; readonly name: string; readonly exceptID?: string },
): Promise<boolean> {
  let query = queries
    .selectFrom('webhooks')
    .select('id')
    .where('account_id', '=', wanted.accountID)
    .where('name', '=', wanted.name)
  if (wanted.exceptID !== undefined) query = query.where('id', '<>', wanted.exceptID)
  return (await query.executeTakeFirst()) !== undefined
}

/** What was on its way to it goes with it. */
export async function deleteWebhook(
  { queries }: Queries,
  { accountID, id }: { readonly accountID: string; readonly id: string },
): Promise<void> {
  await queries
    .deleteFrom('webhooks')
    .where('id', '=', id)
    .where('account_id', '=', accountID)
    .execute()
}

/** For `Sealing`: what a webhook's secret is bound to. */
export function secretContext(id: string): string {
  return `webhooks.sealed_secret:${id}`
}
