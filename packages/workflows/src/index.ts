export { SENTENCE_LENGTH_MAX, sentencesOf } from './failure-sentence.ts'
export type { ImmediateTask } from './immediate-task.ts'
export { recordImmediateTask } from './immediate-task.ts'
export { launchWorkflows } from './launch.ts'
export type {
  CloneInput,
  NamespaceMapping,
  RestoreInput,
  StreamBackupInput,
  StreamRestoreInput,
  TaskRequest,
} from './new-task.ts'
export { newTask, newVerifyTask } from './new-task.ts'
export type { PurgeAnswer, PurgeRequest } from './purge-app.ts'
export { beginPurge } from './purge-app.ts'
export type { StepName, WorkflowName } from './step-names.ts'
export { STEP_NAMES } from './step-names.ts'
export type { StepObserver, StepPassage, StepPosition } from './step-observer.ts'
export { streamCommandOf } from './stream-command.ts'
export type { WorkflowFailure, WorkflowFailureCode } from './workflow-failure.ts'
export { failureOf, isRetryable, WorkflowError } from './workflow-failure.ts'
export type { ClusterRef, Workflows, WorkflowsLog, WorkflowsOptions } from './workflow-types.ts'
