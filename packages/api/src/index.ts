export { type AppDependencies, buildApp } from './app.ts'
export { hashToken } from './operations/caller.ts'
export type {
  DiscoverCluster,
  SeenInventory,
  SeenResource,
} from './operations/cluster-inventories.ts'
export type { TaskStarter } from './operations/operation-context.ts'
export type { Readiness } from './system/health.ts'
