// The container, instance or backup that a path names, as far as the caller reaches.
import {
  CONTAINER_BACKUPS,
  CONTAINERS,
  type Container,
  type ContainerBackup,
  findResource,
  findResourceByHexID,
  INSTANCES,
  type Instance,
  type ResourceScope,
} from '@holdfast/db'
import { type Caller, scopeOf } from '../operations/caller.ts'
import type { OperationContext } from '../operations/operation-context.ts'
import { OperationError } from '../operations/operation-failure.ts'
import type { RouteRequest } from './route-definition.ts'

type Request = Pick<RouteRequest, 'caller' | 'params'>

/** Fails with `not-found`, as all of these do. */
export async function findContainer(
  { database }: OperationContext,
  { caller, params }: Request,
): Promise<Container> {
  const id = params.containerId ?? ''
  const scope = scopeOf(caller)
  const container = await findResourceByHexID(database, CONTAINERS, { scope, hexID: id })
  if (container === undefined) throw new OperationError({ code: 'not-found', kind: 'app', id })
  return container
}

/** What belongs to another container is not there, too. */
export async function findInstance(
  { database }: OperationContext,
  { caller, appID }: { readonly caller: Caller; readonly appID: string },
  id: string,
): Promise<Instance> {
  const scope = scopeBelow(caller, appID)
  const instance = await findResource(database, INSTANCES, { scope, id })
  if (instance === undefined) throw new OperationError({ code: 'not-found', kind: 'instance', id })
  return instance
}

export async function findContainerBackup(
  context: OperationContext,
  request: Request,
): Promise<ContainerBackup> {
  const container = await findContainer(context, request)
  const scope = scopeBelow(request.caller, container.id)
  const id = request.params.backupId ?? ''
  const backup = await findResource(context.database, CONTAINER_BACKUPS, { scope, id })
  if (backup === undefined) throw new OperationError({ code: 'not-found', kind: 'backup', id })
  return backup
}

function scopeBelow(caller: Caller, appID: string): ResourceScope {
  return { ...scopeOf(caller), parents: { appID } }
}
