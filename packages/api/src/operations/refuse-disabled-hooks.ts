// Execution hooks can be switched off for an account: then nothing of them can be read or changed.
import { type Queries, readHookSetting } from '@holdfast/db'
import { OperationError } from './operation-failure.ts'

export async function refuseDisabledHooks(database: Queries, accountID: string): Promise<void> {
  const { isEnabled } = await readHookSetting(database, accountID)
  if (!isEnabled) throw new OperationError({ code: 'hooks-disabled' })
}
