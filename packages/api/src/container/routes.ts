// Every route of the container dialect.
import type { RouteDefinition } from './route-definition.ts'

export const ROUTES: readonly RouteDefinition[] = []
