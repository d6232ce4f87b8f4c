// States of a task: a workflow as users see it.
//
// notStarted  written with its resource in one transaction; no workflow yet
// running     its workflow executes, or waits to be taken up again after a crash
// cancelling  a user asked for the end; the workflow undoes what it began
// completed, cancelled, failed  final: nothing is written to the task any more

export const TASK_STATES = [
  'notStarted',
  'running',
  'cancelling',
  'completed',
  'cancelled',
  'failed',
] as const
export type TaskState = (typeof TASK_STATES)[number]

export function isFinalTaskState(state: TaskState): boolean {
  return state === 'completed' || state === 'cancelled' || state === 'failed'
}

export const TASK_KINDS = [
  'snapshot',
  'backup',
  'move',
  'restore',
  'clone',
  'delete-snapshot',
  'delete-backup',
  'schedule-run',
  // A backup of what a command writes, and a restore by a command that reads it.
  'stream-backup',
  'stream-restore',
  'verify-bucket',
  // Done with its request: the task only tells of it.
  'immediate',
] as const
export type TaskKind = (typeof TASK_KINDS)[number]
