// What the steps of a workflow work with: the app, its cluster's platform, movers near it.
import {
  type AppFacts,
  type CopyRef,
  findAppFacts,
  listClusterRefs,
  noteCopyWaiting,
} from '@holdfast/db'
import type { Platform } from '@holdfast/platforms'
import { fit } from './failure-sentence.ts'
import type { MoverContext } from './run-mover.ts'
import type { StepScope } from './step.ts'
import type { TurnRequest } from './turn.ts'
import { WorkflowError } from './workflow-failure.ts'

export interface AppContext {
  readonly app: AppFacts
  readonly platform: Platform
  readonly mover: MoverContext
}

/** `copy`: whose `stateUnready` says what is waited for. */
export async function appContext(
  scope: StepScope,
  appID: string,
  copy?: CopyRef,
): Promise<AppContext> {
  const { runtime } = scope.execution
  const app = await findAppFacts(runtime.database, appID)
  if (app === undefined) throw new WorkflowError({ code: 'app-not-found', appID })
  const platform = runtime.platformOf(app.cluster)
  if (platform === undefined) {
    throw new WorkflowError({ code: 'cluster-unreachable', cluster: app.cluster.name })
  }
  return { app, platform, mover: moverContext(scope, platform, app.cluster.id, copy) }
}

/**
 * For what only a repository is needed for: a mover near the app, or, when its cluster is gone, on
 * any other cluster. What is kept in a bucket outlives where it came from.
 */
export async function repositoryMover(scope: StepScope, appID: string): Promise<MoverContext> {
  const { database, platformOf } = scope.execution.runtime
  const app = await findAppFacts(database, appID)
  if (app === undefined) throw new WorkflowError({ code: 'app-not-found', appID })
  const near = platformOf(app.cluster)
  if (near !== undefined) return moverContext(scope, near, app.cluster.id, undefined)
  for (const cluster of await listClusterRefs(database)) {
    const platform = platformOf(cluster)
    if (platform !== undefined) return moverContext(scope, platform, cluster.id, undefined)
  }
  throw new WorkflowError({ code: 'cluster-unreachable', cluster: app.cluster.name })
}

function moverContext(
  scope: StepScope,
  platform: Platform,
  clusterID: string,
  copy: CopyRef | undefined,
): MoverContext {
  const { execution, signal } = scope
  return {
    runtime: execution.runtime,
    platform,
    clusterID,
    workflowID: execution.workflowID,
    taskID: execution.taskID,
    signal,
    onStarted: () => scope.point('mover-started'),
    onWaiting: async (message) => {
      if (copy === undefined) return
      const sentences = message === undefined ? [] : [fit`Waiting: ${message}`]
      await noteCopyWaiting(execution.runtime.database, execution, { ...copy, sentences })
    },
  }
}

/** A turn at a repository for one step. */
export function repositoryTurn(
  scope: StepScope,
  repositoryID: string,
  mode: 'shared' | 'exclusive',
): TurnRequest {
  const { runtime, workflowID, taskID } = scope.execution
  return {
    runtime,
    workflowID,
    taskID,
    name: scope.step,
    resource: `repository:${repositoryID}`,
    mode,
    signal: scope.signal,
  }
}
