// Stagings of restores that must not outlive their workflow. A staging has the id of its task.
import { findTask, hasBegunStep } from '@holdfast/db'
import type { Platform } from '@holdfast/platforms'
import type { Runtime } from './runtime.ts'
import type { StepName } from './step-names.ts'

/** The first step after the exchange: users may have been told that their app is restored. */
const FIRST_AFTER_EXCHANGE: StepName = 'app-ready'

/** Of a restore whose workflow has ended. Repeating it is harmless. */
export async function endStaging(runtime: Runtime, platform: Platform, id: string): Promise<void> {
  if (await mayGoBack(runtime, id)) await platform.rollbackRestore(id, runtime.closing)
  else await platform.finishRestore(id, runtime.closing)
}

async function mayGoBack({ database }: Runtime, id: string): Promise<boolean> {
  const task = await findTask(database, id)
  if (task?.state === 'completed') return false
  return !(await hasBegunStep(database, { taskID: id, name: FIRST_AFTER_EXCHANGE }))
}
