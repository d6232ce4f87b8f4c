// What the setting `holdfast.hooks` of an account says of its hooks.
import { sql } from 'kysely'
import type { Queries } from './transaction.ts'

export interface HookSetting {
  /** False: no hook runs, and neither hooks nor hook sources can be read or changed. */
  readonly isEnabled: boolean
  /** How long one hook may run. */
  readonly timeoutMs: number
}

const TIMEOUT_SECONDS_DEFAULT = 300
/** An app that is held still for longer is worse than a copy less. */
const TIMEOUT_SECONDS_MAX = 1500

export async function readHookSetting(
  { queries }: Queries,
  accountID: string,
): Promise<HookSetting> {
  const { rows } = await sql<{ is_enabled: string | null; timeout_seconds: string | null }>`
    select current_config ->> 'isEnabled' as is_enabled,
      current_config ->> 'timeoutSeconds' as timeout_seconds
    from settings where account_id = ${accountID} and name = 'holdfast.hooks'
  `.execute(queries)
  const seconds = Number(rows[0]?.timeout_seconds ?? TIMEOUT_SECONDS_DEFAULT)
  const isUsable = Number.isFinite(seconds) && seconds > 0
  return {
    isEnabled: rows[0]?.is_enabled !== 'false',
    timeoutMs: 1000 * (isUsable ? Math.min(seconds, TIMEOUT_SECONDS_MAX) : TIMEOUT_SECONDS_DEFAULT),
  }
}
