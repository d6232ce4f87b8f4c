// Everything that the handlers of one collection need.
import type { ResourceCommon, ResourceSource } from '@holdfast/db'
import type { OperationContext } from '../operations/operation-context.ts'
import type { Collection, ResourceDefinition } from './resource-definition.ts'

export interface ServedCollection<Resource extends ResourceCommon> {
  readonly context: OperationContext
  readonly definition: ResourceDefinition<Resource>
  readonly collection: Collection<Resource>
  readonly source: ResourceSource<Resource>
}
