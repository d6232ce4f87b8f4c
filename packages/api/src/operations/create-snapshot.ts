// Accepts an application snapshot: its row and its task in one transaction, then the workflow.
import {
  APPLICATION_SNAPSHOTS,
  type ApplicationSnapshot,
  findResource,
  insertApplicationSnapshot,
  insertTask,
  inTransaction,
  lockApp,
} from '@holdfast/db'
import type { Label } from '@holdfast/domain'
import { newTask } from '@holdfast/workflows'
import type { Caller } from './caller.ts'
import { chooseBucket } from './choose-bucket.ts'
import type { OperationContext } from './operation-context.ts'
import { OperationError } from './operation-failure.ts'
import { systemNameOf } from './system-name.ts'

export interface SnapshotRequest {
  readonly appID: string
  readonly name?: string
  readonly bucketID?: string
  readonly version: string
  readonly labels: readonly Label[]
}

export async function createSnapshot(
  context: OperationContext,
  caller: Caller,
  request: SnapshotRequest,
): Promise<ApplicationSnapshot> {
  const { accountID } = caller
  const id = context.newID()
  const taskID = context.newID()
  const now = context.now()
  const name = request.name ?? systemNameOf('snapshot', id, now)
  const snapshot = await inTransaction(context.database, async (transaction) => {
    const app = await lockApp(transaction, { accountID, appID: request.appID })
    if (app === undefined) {
      throw new OperationError({ code: 'not-found', kind: 'app', id: request.appID })
    }
    const { bucketID, version, labels } = request
    const chosenID = await chooseBucket(transaction, {
      accountID,
      app,
      ...(bucketID === undefined ? {} : { bucketID, caller }),
      mayUseAny: false,
    })
    const isInserted = await insertApplicationSnapshot(transaction, {
      id,
      accountID,
      appID: app.id,
      name,
      bucketID: chosenID,
      version,
      labels,
      createdBy: caller.userID,
      now,
    })
    if (!isInserted) throw new OperationError({ code: 'snapshot-name-taken', appID: app.id, name })
    const task = { kind: 'snapshot', accountID, appID: app.id, userID: caller.userID } as const
    await insertTask(transaction, newTask(taskID, { ...task, snapshotID: id }))
    return findResource(transaction, APPLICATION_SNAPSHOTS, {
      scope: { accountID, parents: {} },
      id,
    })
  })
  if (snapshot === undefined)
    throw new RangeError(`The snapshot ${id} was written and is not there.`)
  await context.workflows.startTask(taskID)
  return snapshot
}
