// States of application snapshots and backups, and who may move them where.
//
// pending     accepted; its workflow has not started (also while its app is being restored)
// discovering the workflow looks for volumes, instances and resources
// running     from the first hook or snapshot step to the last write
// completed   data and description are durable
// failed      ended without a usable copy; `stateUnready` says why
// removed, unknown  seen from outside: the data is gone or cannot be judged
// deleting    (snapshots only) accepted for deletion, its data is going

export const COPY_STATES = [
  'pending',
  'discovering',
  'running',
  'completed',
  'failed',
  'removed',
  'unknown',
  'deleting',
] as const
export type CopyState = (typeof COPY_STATES)[number]

const NEXT_STATES: Readonly<Record<CopyState, readonly CopyState[]>> = {
  pending: ['discovering', 'failed', 'deleting'],
  discovering: ['running', 'failed', 'deleting'],
  running: ['completed', 'failed', 'deleting'],
  completed: ['removed', 'unknown', 'deleting'],
  failed: ['deleting'],
  removed: ['completed', 'unknown', 'deleting'],
  unknown: ['completed', 'removed', 'deleting'],
  deleting: [],
}

export function mayCopyMove(from: CopyState, to: CopyState): boolean {
  return NEXT_STATES[from].includes(to)
}

/** States in which a workflow may still write to the copy. */
export function hasCopyEnded(state: CopyState): boolean {
  return state !== 'pending' && state !== 'discovering' && state !== 'running'
}

export const UNENDED_COPY_STATES = COPY_STATES.filter((state) => !hasCopyEnded(state))
