// Stagings of restores that must not outlive their workflow. A staging has the id of its task.
import { findTask } from '@holdfast/db'
import type { Platform } from '@holdfast/platforms'
import type { Runtime } from './runtime.ts'

/** Of a restore whose workflow has ended. Repeating it is harmless. */
export async function endStaging(runtime: Runtime, platform: Platform, id: string): Promise<void> {
  const task = await findTask(runtime.database, id)
  if (task?.state === 'completed') await platform.finishRestore(id, runtime.closing)
  else await platform.rollbackRestore(id, runtime.closing)
}
