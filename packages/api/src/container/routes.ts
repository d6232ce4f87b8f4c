// Every route of the container dialect.
import type { RouteDefinition } from './route-definition.ts'
import { API_KEYS_ROUTES } from './routes/api-keys.ts'
import { BACKUPS_ROUTES } from './routes/backups.ts'
import { CONTAINERS_ROUTES } from './routes/containers.ts'
import { HUB_ROUTES } from './routes/hub.ts'
import { INSTANCES_ROUTES } from './routes/instances.ts'
import { INTEGRATIONS_ROUTES } from './routes/integrations.ts'
import { JOBS_ROUTES } from './routes/jobs.ts'
import { ROLES_ROUTES } from './routes/roles.ts'

export const ROUTES: readonly RouteDefinition[] = [
  ...HUB_ROUTES,
  ...ROLES_ROUTES,
  ...API_KEYS_ROUTES,
  ...CONTAINERS_ROUTES,
  ...INSTANCES_ROUTES,
  ...BACKUPS_ROUTES,
  ...INTEGRATIONS_ROUTES,
  ...JOBS_ROUTES,
]
