// The backups of one container, as scripts of the container dialect handle them.
import assert from 'node:assert/strict'
import type { CopyBody } from '../service-client.ts'
import {
  type ContainerClient,
  failure,
  good,
  type JobBody,
  whenJobCompletes,
  whenJobEnds,
} from './container-client.ts'
import { eventually } from './eventually.ts'
import type { TestService } from './service.ts'

export interface ContainerBackupBody {
  readonly id: string
  readonly hub_id: string
  readonly container_id: string
  readonly instance_id: string
  readonly target: {
    readonly integration_id: string
    readonly path: string
    readonly file_id: string
    readonly size: number
  }
  readonly state: {
    readonly current: string
    readonly changed: string
    readonly error?: { readonly message?: string; readonly time?: string }
  }
  readonly events: Readonly<Record<'created' | 'updated' | 'deleted', string>>
}

export interface BackupLogBody {
  readonly id: string
  readonly backup_id: string
  readonly type: string
  readonly log: string
  readonly error?: { readonly message: string } | null
}

export interface JobDescriptorBody {
  readonly action: string
  readonly job: { readonly id: string; readonly accepted: boolean }
}

/** `integrations.backups` of a container's configuration. */
export interface BackupsConfiguration {
  readonly integration_id?: string
  readonly backup: {
    readonly command: string
    readonly timeout?: string | null
    readonly cron_string?: string
  }
  readonly restore: { readonly command: string; readonly timeout?: string } | null
  readonly retention: string | null
}

interface ContainerBody {
  readonly config: { readonly integrations?: { readonly backups?: BackupsConfiguration } }
}

export interface ContainerBackups {
  readonly instanceID: string
  configuration(): Promise<BackupsConfiguration | undefined>
  /** Sends the configuration as it was read, with these backups in it. */
  configure(backups: BackupsConfiguration): Promise<void>
  /** Through the extension: the dialect itself has no call that makes a backup. Answers its id. */
  start(): Promise<string>
  get(id: string): Promise<ContainerBackupBody>
  list(query?: Readonly<Record<string, unknown>>): Promise<readonly ContainerBackupBody[]>
  /** When it is not `saving` any more. */
  whenEnded(id: string): Promise<ContainerBackupBody>
  whenLive(id: string): Promise<ContainerBackupBody>
  logs(id: string): Promise<readonly BackupLogBody[]>
  startRestore(id: string): Promise<JobDescriptorBody>
  restore(id: string): Promise<JobBody>
  /** Until it is not found any more. */
  remove(id: string): Promise<void>
}

const CONTAINER = '/v1/containers/{containerId}'
const BACKUP = `${CONTAINER}/backups/{backupId}`

export async function containerBackups(
  client: ContainerClient,
  service: TestService,
  containerId: string,
): Promise<ContainerBackups> {
  const container = { path: { containerId } }
  const ofBackup = (backupId: string) => ({ path: { containerId, backupId } })
  const instances = await client.GET<{ id: string }[]>(`${CONTAINER}/instances`, {
    params: container,
  })
  const [instance] = good(instances)
  assert.ok(instance, 'a container without an instance')

  const read = async () => good(await client.GET<ContainerBody>(CONTAINER, { params: container }))
  const backups: ContainerBackups = {
    instanceID: instance.id,
    configuration: async () => (await read()).config.integrations?.backups,
    async configure(wanted) {
      const { config } = await read()
      const contents = { ...config, integrations: { ...config.integrations, backups: wanted } }
      const { job } = good(
        await client.POST<JobDescriptorBody>(`${CONTAINER}/tasks`, {
          params: container,
          body: { action: 'reconfigure', contents },
        }),
        202,
      )
      await whenJobCompletes(client, job.id)
    },
    async start() {
      const path = `/holdfast/v1/containers/${containerId}/backups`
      const { status, body } = await service.client.call<CopyBody>('POST', path)
      assert.equal(status, 201, JSON.stringify(body))
      return hexIDOf(body.id)
    },
    get: async (id) =>
      good(await client.GET<ContainerBackupBody>(BACKUP, { params: ofBackup(id) })),
    list: async (query = {}) =>
      good(
        await client.GET<ContainerBackupBody[]>(`${CONTAINER}/backups`, {
          params: { ...container, query },
        }),
      ),
    whenEnded: (id) =>
      eventually(async () => {
        const backup = await backups.get(id)
        assert.notEqual(backup.state.current, 'saving')
        return backup
      }),
    async whenLive(id) {
      const backup = await backups.whenEnded(id)
      assert.equal(backup.state.current, 'live', backup.state.error?.message ?? '')
      return backup
    },
    logs: async (id) =>
      good(await client.GET<BackupLogBody[]>(`${BACKUP}/logs`, { params: ofBackup(id) })),
    async startRestore(id) {
      const body = { action: 'restore', contents: { instance_id: instance.id } }
      const params = ofBackup(id)
      return good(await client.POST<JobDescriptorBody>(`${BACKUP}/tasks`, { params, body }), 202)
    },
    restore: async (id) => whenJobEnds(client, (await backups.startRestore(id)).job.id),
    async remove(id) {
      const params = ofBackup(id)
      const { job } = good(await client.DELETE<JobDescriptorBody>(BACKUP, { params }), 202)
      await whenJobCompletes(client, job.id)
      assert.equal(failure(await client.GET(BACKUP, { params })).code, '404.container.backup')
    },
  }
  return backups
}

/** What an app, a bucket or a backup of a stream is called in the container dialect. */
export function hexIDOf(uuid: string): string {
  return uuid.replaceAll('-', '').slice(0, 24)
}
