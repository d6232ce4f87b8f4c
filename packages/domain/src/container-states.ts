// The states of the container dialect, as they follow from those of apps and their copies.
import type { AppState } from './app-state.ts'
import type { BucketCandidate } from './bucket-selection.ts'
import type { CopyState } from './copy-state.ts'

export const CONTAINER_STATES = [
  'new',
  'starting',
  'running',
  'function',
  'stopping',
  'stopped',
  'deleting',
  'deleted',
] as const
export type ContainerState = (typeof CONTAINER_STATES)[number]

export const INSTANCE_STATES = [
  'new',
  'starting',
  'migrating',
  'running',
  'stopping',
  'stopped',
  'failed',
  'deleting',
  'deleted',
] as const
export type InstanceState = (typeof INSTANCE_STATES)[number]

/** `starting`: its data is being brought. A container cannot fail; why it did is its state's error. */
export const CONTAINER_STATE_OF_APP: Readonly<Record<AppState, ContainerState>> = {
  pending: 'new',
  discovering: 'starting',
  provisioning: 'new',
  ready: 'running',
  failed: 'stopped',
  restoring: 'starting',
  unavailable: 'stopped',
  unknown: 'stopped',
  deleting: 'deleting',
}

export const INSTANCE_STATE_OF_APP: Readonly<Record<AppState, InstanceState>> = {
  pending: 'new',
  discovering: 'starting',
  provisioning: 'new',
  ready: 'running',
  failed: 'failed',
  restoring: 'starting',
  unavailable: 'stopped',
  unknown: 'stopped',
  deleting: 'deleting',
}

export const CONTAINER_BACKUP_STATES = ['saving', 'live', 'deleting', 'deleted'] as const
export type ContainerBackupState = (typeof CONTAINER_BACKUP_STATES)[number]

/** Of a backup whose deletion nobody asked for. One that failed is `deleted`, with its error. */
export const CONTAINER_BACKUP_STATE_OF_COPY: Readonly<Record<CopyState, ContainerBackupState>> = {
  pending: 'saving',
  discovering: 'saving',
  running: 'saving',
  completed: 'live',
  failed: 'deleted',
  // Its data is gone, or cannot be judged: it is not one to rely on.
  removed: 'deleted',
  unknown: 'deleted',
  deleting: 'deleting',
}

export const INTEGRATION_STATES = ['new', 'verifying', 'live'] as const
type IntegrationState = (typeof INTEGRATION_STATES)[number]

/**
 * Whoever sees `live` can back up there. What cannot be used now has the reason, and becomes `live`
 * by itself when it can be used again.
 */
export const INTEGRATION_STATE_OF_BUCKET: Readonly<
  Record<BucketCandidate['state'], IntegrationState>
> = {
  pending: 'verifying',
  available: 'live',
  failed: 'new',
  removed: 'new',
  unknown: 'new',
}
