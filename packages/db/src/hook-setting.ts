// What the setting `holdfast.hooks` of an account says of its hooks.
import { readSetting } from './settings.ts'
import type { Queries } from './transaction.ts'

export interface HookSetting {
  /** False: no hook runs, and neither hooks nor hook sources can be read or changed. */
  readonly isEnabled: boolean
  /** How long one hook may run. */
  readonly timeoutMs: number
}

export async function readHookSetting(database: Queries, accountID: string): Promise<HookSetting> {
  const { isEnabled, timeoutSeconds } = await readSetting(database, accountID, 'holdfast.hooks')
  return { isEnabled: isEnabled !== 'false', timeoutMs: 1000 * Number(timeoutSeconds) }
}
