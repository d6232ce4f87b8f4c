// Tries a bucket because a user asked for it, and tells them what was found.
//
// running → it is tried, and its state follows what was found → completed where it can be used,
// failed with the reason where it cannot. A try that was interrupted is made again.
import { BUCKETS, findResource } from '@holdfast/db'
import { type Execution, registerTaskWorkflow, type TaskOutcome } from './execution.ts'
import { type StepScope, step } from './step.ts'
import { completeTask, failedOutcome, failTask, failureToEndWith, SHIELDED } from './task-end.ts'
import { verifyBucketNow } from './verify-buckets.ts'
import { WorkflowError } from './workflow-failure.ts'

export const verifyBucketWorkflow = registerTaskWorkflow('verify-bucket', runVerifyBucket)

async function runVerifyBucket(execution: Execution): Promise<TaskOutcome> {
  try {
    await step(execution, 'verify-bucket', verify)
  } catch (error) {
    const failure = failureToEndWith(error)
    await step(execution, 'fail-verify', (scope) => failTask(scope, failure), SHIELDED)
    return failedOutcome(failure)
  }
  await step(execution, 'end-verify', completeTask, SHIELDED)
  return { state: 'completed' }
}

/** Fails with `bucket-not-verified`. */
async function verify({ execution, signal }: StepScope): Promise<void> {
  const { runtime, task } = execution
  const id = task.resourceID
  const scope = { accountID: task.accountID, parents: {} }
  const bucket = await findResource(runtime.database, BUCKETS, { scope, id })
  const name = bucket?.name ?? id
  const tried = await verifyBucketNow(runtime, id, signal)
  signal.throwIfAborted()
  if (tried === undefined) throw notVerified(name, 'It was deleted.')
  const { verdict, reason = 'Nobody could try it.' } = tried
  if (verdict === undefined) throw notVerified(name, reason)
  if (verdict.state === 'available') return
  throw notVerified(name, verdict.stateDetails[0]?.detail ?? `It is ${verdict.state}.`)
}

function notVerified(bucket: string, reason: string): WorkflowError {
  return new WorkflowError({ code: 'bucket-not-verified', bucket, reason })
}
