// The first step of backups and snapshots: while their app's data is being brought they stay `pending`.
import { setTimeout as delay } from 'node:timers/promises'
import { type CopyRef, findAppFacts, noteCopyWaiting } from '@holdfast/db'
import type { Execution } from './execution.ts'
import { fit } from './failure-sentence.ts'
import { step } from './step.ts'
import { WorkflowError } from './workflow-failure.ts'

const POLL_MS = 500
/** Its data is being brought: by a restore, or because it is new. */
const BUSY_STATES: readonly string[] = ['restoring', 'provisioning', 'discovering']

export async function awaitApp(execution: Execution, appID: string, copy: CopyRef): Promise<void> {
  const { database } = execution.runtime
  await step(execution, 'await-app', async ({ signal }) => {
    for (let isFirst = true; ; isFirst = false) {
      const app = await findAppFacts(database, appID)
      if (app === undefined) throw new WorkflowError({ code: 'app-not-found', appID })
      if (!BUSY_STATES.includes(app.state)) return
      if (isFirst) {
        const sentences = [fit`Waiting until the restore of the app ${app.name} has ended.`]
        await noteCopyWaiting(database, execution, { ...copy, sentences })
      }
      await delay(POLL_MS, undefined, { signal })
    }
  })
}
