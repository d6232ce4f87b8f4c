export type { RestoreInput, TaskRequest } from './new-task.ts'
export { newTask } from './new-task.ts'
export type { StepObserver, StepPassage, StepPosition } from './step-observer.ts'
export type { ClusterRef, Workflows, WorkflowsLog, WorkflowsOptions } from './workflow-types.ts'
