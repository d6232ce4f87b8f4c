// The steps of every workflow, in the order in which they can pass. Names and order are persisted
// with running workflows: changing either is a migration (`DBOS.patch`, with a replay test).

export const STEP_NAMES = {
  snapshot: [
    'await-app',
    'begin-snapshot',
    'discover',
    'take-turn',
    'take-volume-snapshot',
    'give-turn',
    'ensure-local-repository',
    'copy-volume',
    'ensure-repository',
    'describe-snapshot',
    'complete-snapshot',
    'end-snapshot',
    'undo-snapshot',
    'fail-snapshot',
  ],
  backup: [
    'await-app',
    'begin-backup',
    'discover',
    'create-snapshot',
    'ensure-repository',
    'prepare-moves',
    'verify-backup',
    'describe-backup',
    'commit-backup',
    'forget-other-attempts',
    'drop-snapshot',
    'end-backup',
    'undo-backup',
    'fail-backup',
  ],
  move: ['move-volume', 'end-move', 'fail-move'],
  restore: [
    'plan-restore',
    'prepare-restore',
    'restore-volume',
    'pass-commit',
    'commit-restore',
    'app-ready',
    'finish-restore',
    'end-restore',
    'rollback-restore',
    'fail-restore',
  ],
  'delete-backup': [
    'cancel-backup',
    'forget-backup',
    'prune',
    'end-delete-backup',
    'fail-delete-backup',
  ],
  'delete-snapshot': [
    'cancel-snapshot',
    'drop-volumes',
    'forget-description',
    'prune',
    'end-delete-snapshot',
    'fail-delete-snapshot',
  ],
} as const

export type WorkflowName = keyof typeof STEP_NAMES
export type StepName = (typeof STEP_NAMES)[WorkflowName][number]
