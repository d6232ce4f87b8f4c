// States of an app, and the state machine that clients are shown (`stateTransitions`).

export const APP_STATES = [
  'pending',
  'discovering',
  'provisioning',
  'ready',
  'failed',
  'restoring',
  'unavailable',
  'unknown',
  'deleting',
] as const
export type AppState = (typeof APP_STATES)[number]

export interface AppStateTransition {
  readonly from: AppState
  readonly to: readonly AppState[]
}

/** `failed` is no dead end: a restore or an explicit PUT leads out of it. */
export const APP_STATE_TRANSITIONS: readonly AppStateTransition[] = [
  { from: 'pending', to: ['discovering', 'failed'] },
  { from: 'discovering', to: ['ready', 'failed'] },
  { from: 'provisioning', to: ['discovering', 'failed'] },
  { from: 'ready', to: ['discovering', 'restoring', 'unavailable', 'failed', 'deleting'] },
  { from: 'unavailable', to: ['ready', 'restoring', 'deleting'] },
  { from: 'restoring', to: ['discovering', 'ready', 'failed'] },
  { from: 'failed', to: ['ready', 'restoring', 'deleting'] },
]
