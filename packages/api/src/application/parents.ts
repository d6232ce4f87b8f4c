// The resources that others are listed below.
import {
  APPLICATION_SNAPSHOTS,
  APPS,
  BACKUPS,
  CLOUDS,
  CLUSTERS,
  GROUPS,
  MANAGED_CLUSTERS,
  NOTHING,
  SCHEDULES,
  TASKS,
  USERS,
} from '@holdfast/db'
import type { Parent } from './resource-definition.ts'

export const APP: Parent = { parameter: 'app_id', key: 'appID', kind: 'app', source: APPS }

export const BACKUP: Parent = {
  parameter: 'appBackup_id',
  key: 'backupID',
  kind: 'backup',
  source: BACKUPS,
}

export const SNAPSHOT: Parent = {
  parameter: 'appSnap_id',
  key: 'snapshotID',
  kind: 'snapshot',
  source: APPLICATION_SNAPSHOTS,
}

export const CLOUD: Parent = {
  parameter: 'cloud_id',
  key: 'cloudID',
  kind: 'cloud',
  source: CLOUDS,
}

export const CLUSTER: Parent = {
  parameter: 'cluster_id',
  key: 'clusterID',
  kind: 'cluster',
  source: CLUSTERS,
}

export const MANAGED_CLUSTER: Parent = {
  parameter: 'managedCluster_id',
  key: 'clusterID',
  kind: 'cluster',
  source: MANAGED_CLUSTERS,
}

export const USER: Parent = { parameter: 'user_id', key: 'userID', kind: 'user', source: USERS }

export const SCHEDULE: Parent = {
  parameter: 'schedule_id',
  key: 'scheduleID',
  kind: 'resource',
  source: SCHEDULES,
}

export const TASK: Parent = { parameter: 'task_id', key: 'taskID', kind: 'task', source: TASKS }

/** There are none: what is below one is never found. */
export const STORAGE_BACKEND: Parent = {
  parameter: 'storageBackend_id',
  key: 'clusterID',
  kind: 'resource',
  source: NOTHING,
}

export const GROUP: Parent = {
  parameter: 'group_id',
  key: 'groupID',
  kind: 'resource',
  source: GROUPS,
}
