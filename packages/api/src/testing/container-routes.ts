// The routes of the container dialect as its documents have them, written by hand.
import type { Capability } from '@holdfast/domain'
import type { TestApi } from './test-api.ts'

/** Method, path, what the caller must be able to do, success. */
export type ContainerRow = readonly [
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
  capability: Capability | 'public' | 'any',
  status: 200 | 201 | 202,
  hub?: 'optional',
]

const ROLES = '/v1/hubs/current/roles'
const KEYS = '/v1/hubs/current/api-keys'
const INTEGRATIONS = '/v1/hubs/current/integrations'
const CONTAINER = '/v1/containers/{containerId}'
const BACKUP = `${CONTAINER}/backups/{backupId}`

export const CONTAINER_ROUTES: readonly ContainerRow[] = [
  ['GET', '/v1/hubs/capabilities', 'public', 200],
  ['GET', `${ROLES}/defaults`, 'public', 200],
  ['GET', '/v1/hubs/current', 'any', 200, 'optional'],
  ['GET', ROLES, 'hubs-roles-manage', 200],
  ['POST', ROLES, 'hubs-roles-manage', 201],
  ['GET', `${ROLES}/{roleId}`, 'hubs-roles-manage', 200],
  ['PATCH', `${ROLES}/{roleId}`, 'hubs-roles-manage', 200],
  ['DELETE', `${ROLES}/{roleId}`, 'hubs-roles-manage', 202],
  ['GET', KEYS, 'api-keys-manage', 200],
  ['POST', KEYS, 'api-keys-manage', 201],
  ['GET', `${KEYS}/{apikeyId}`, 'api-keys-manage', 200],
  ['PATCH', `${KEYS}/{apikeyId}`, 'api-keys-manage', 200],
  ['DELETE', `${KEYS}/{apikeyId}`, 'api-keys-manage', 200],
  ['GET', '/v1/containers', 'containers-view', 200],
  ['GET', CONTAINER, 'containers-view', 200],
  ['POST', `${CONTAINER}/tasks`, 'containers-manage', 202],
  ['GET', `${CONTAINER}/instances`, 'containers-view', 200],
  ['GET', `${CONTAINER}/instances/{instanceId}`, 'containers-view', 200],
  ['GET', `${CONTAINER}/backups`, 'containers-backups-view', 200],
  ['GET', BACKUP, 'containers-backups-view', 200],
  ['DELETE', BACKUP, 'containers-backups-manage', 202],
  ['POST', `${BACKUP}/tasks`, 'containers-backups-manage', 202],
  ['GET', `${BACKUP}/logs`, 'containers-backups-view', 200],
  ['GET', '/v1/jobs', 'apionly-jobs-view', 200],
  ['GET', '/v1/jobs/latest', 'apionly-jobs-view', 200],
  ['GET', '/v1/jobs/{jobId}', 'apionly-jobs-view', 200],
  ['GET', INTEGRATIONS, 'hubs-integrations-view', 200, 'optional'],
  ['POST', INTEGRATIONS, 'hubs-integrations-manage', 201, 'optional'],
  ['GET', `${INTEGRATIONS}/available`, 'hubs-integrations-view', 200, 'optional'],
  ['GET', `${INTEGRATIONS}/{integrationId}`, 'hubs-integrations-view', 200, 'optional'],
  ['PATCH', `${INTEGRATIONS}/{integrationId}`, 'hubs-integrations-manage', 200, 'optional'],
  ['DELETE', `${INTEGRATIONS}/{integrationId}`, 'hubs-integrations-manage', 202, 'optional'],
  ['POST', `${INTEGRATIONS}/{integrationId}/tasks`, 'hubs-integrations-manage', 202],
]

/** The kind of what is missing, by the parameter that names it. */
export const MISSING_CODE: Readonly<Record<string, string>> = {
  containerId: '404.container',
  instanceId: '404.instance',
  backupId: '404.container.backup',
  jobId: '404.job',
  integrationId: '404.hub.integration',
  roleId: '404.hub.role',
  apikeyId: '404.hub.api-key',
}

export type ContainerIDs = Readonly<Record<string, string>>

/** One of everything that a path can name. */
export async function makeContainerIDs(
  api: TestApi,
  { containerId }: { readonly containerId: string },
): Promise<ContainerIDs> {
  const read = async (path: string) => (await api.callContainer('GET', path)).body.data
  const made = async (path: string, body: object) =>
    (await api.callContainer('POST', path, { body })).body.data
  const capabilities = { all: false, specific: [] }
  const role = await made(ROLES, { identifier: 'watcher', name: 'Watcher', rank: 1, capabilities })
  const key = await made(KEYS, { name: 'key', role_id: role.id })
  const [instance] = await read(`containers/${containerId}/instances`)
  const [backup] = await read(`containers/${containerId}/backups`)
  const [job] = await read('jobs')
  const [integration] = await read(INTEGRATIONS)
  return {
    containerId,
    roleId: role.id,
    apikeyId: key.id,
    instanceId: instance.id,
    backupId: backup.id,
    jobId: job.id,
    integrationId: integration.id,
  }
}

export function filled(path: string, ids: ContainerIDs): string {
  return path.replace(/\{(\w+)\}/g, (_match, name: string) => ids[name] ?? name)
}

export function parametersOf(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '')
}
