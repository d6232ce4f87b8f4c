// All resources of the application dialect.
import type { ResourceCommon } from '@holdfast/db'
import type { FastifyInstance } from 'fastify'
import type { OperationContext } from '../operations/operation-context.ts'
import { registerResource } from './register-resource.ts'
import type { ResourceDefinition } from './resource-definition.ts'
import { accounts } from './resources/accounts.ts'
import { apiResources } from './resources/api-resources.ts'
import { appAssets } from './resources/app-assets.ts'
import { appBackups } from './resources/app-backups.ts'
import { appSnaps } from './resources/app-snaps.ts'
import { apps } from './resources/apps.ts'
import { buckets } from './resources/buckets.ts'
import { clouds } from './resources/clouds.ts'
import { clusterNodes } from './resources/cluster-nodes.ts'
import { clusters, managedClusters } from './resources/clusters.ts'
import { credentials } from './resources/credentials.ts'
import { deliveries } from './resources/deliveries.ts'
import { emptyCollections } from './resources/empty-collections.ts'
import { events, notifications } from './resources/events.ts'
import { executionHooks } from './resources/execution-hooks.ts'
import { features } from './resources/features.ts'
import { groups } from './resources/groups.ts'
import { hookSources } from './resources/hook-sources.ts'
import { namespaces } from './resources/namespaces.ts'
import { roleBindings } from './resources/role-bindings.ts'
import { nextRuns, scheduleRuns } from './resources/schedule-runs.ts'
import { schedules } from './resources/schedules.ts'
import { settings } from './resources/settings.ts'
import { storageClasses } from './resources/storage-classes.ts'
import { taskLog, taskSteps } from './resources/task-records.ts'
import { tasks } from './resources/tasks.ts'
import { tokens } from './resources/tokens.ts'
import { trashItems } from './resources/trash-items.ts'
import { unreadNotifications } from './resources/unread-notifications.ts'
import { users } from './resources/users.ts'
import { backupVolumes, snapshotVolumes } from './resources/volume-copies.ts'
import { volumes } from './resources/volumes.ts'
import { webhooks } from './resources/webhooks.ts'

export function registerResources(app: FastifyInstance, context: OperationContext): void {
  const register = <Resource extends ResourceCommon>(definition: ResourceDefinition<Resource>) =>
    registerResource(app, context, definition)
  register(accounts)
  register(users)
  register(tokens)
  register(roleBindings)
  register(groups)
  register(apps)
  register(appAssets)
  register(appBackups)
  register(appSnaps)
  register(hookSources)
  register(executionHooks)
  register(schedules)
  register(nextRuns)
  register(scheduleRuns)
  register(buckets)
  register(credentials)
  register(clouds)
  register(clusters)
  register(managedClusters)
  register(namespaces)
  register(storageClasses)
  register(clusterNodes)
  register(apiResources)
  register(tasks)
  register(taskSteps)
  register(taskLog)
  register(settings)
  register(features)
  register(events)
  register(notifications)
  register(unreadNotifications)
  register(webhooks)
  register(deliveries)
  register(trashItems)
  register(volumes)
  for (const definition of emptyCollections) register(definition)
  register(backupVolumes)
  register(snapshotVolumes)
}
