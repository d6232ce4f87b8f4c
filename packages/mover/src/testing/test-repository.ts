// Repositories and jobs for tests.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  encodePathBytes,
  type MoverJob,
  type RepositoryAccess,
  type RepositoryId,
  type RepositoryStore,
} from '@holdfast/domain'
import { resultOfMover } from './mover-process.ts'

export const PASSWORD = 'correct horse battery staple'

export interface TestRepository {
  readonly path: string
  readonly access: RepositoryAccess
}

export interface Workplace {
  readonly path: string
  remove(): void
}

/** A directory for one test file; `remove` takes it away again. */
export function makeWorkplace(name: string): Workplace {
  const path = mkdtempSync(join(tmpdir(), `holdfast-${name}-`))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** Made by the mover's own `init`. */
export async function makeRepository(path: string): Promise<TestRepository> {
  return { path, access: await makeRepositoryIn({ kind: 'local', path }) }
}

export async function makeRepositoryIn(store: RepositoryStore): Promise<RepositoryAccess> {
  const lockHostname = LOCK_HOSTNAME
  const job: MoverJob = { kind: 'init', store, password: PASSWORD, lockHostname }
  const { keys } = await resultOfMover(job)
  const id = '00000000-0000-0000-0000-000000000000' as RepositoryId
  return { id, store, keys, lockHostname }
}

export const LOCK_HOSTNAME = 'holdfast-test-executor-boot'

export type BackupJob = Extract<MoverJob, { readonly kind: 'backup' }>

export function backupJob(
  { access }: Pick<TestRepository, 'access'>,
  sourcePath: string | Buffer,
  {
    source = {},
    label = {},
  }: {
    readonly source?: Partial<BackupJob['source']>
    readonly label?: Partial<BackupJob['label']>
  } = {},
): BackupJob {
  return {
    kind: 'backup',
    repository: access,
    source: { kind: 'directory', path: encodePathBytes(Buffer.from(sourcePath)), ...source },
    label: {
      time: new Date().toISOString(),
      hostname: 'cluster',
      logicalPath: '/shop/data',
      tags: ['holdfast'],
      ...label,
    },
  }
}

export function restoreJob(
  { access }: Pick<TestRepository, 'access'>,
  repositorySnapshotID: string,
  targetPath: string,
  logicalPath = '/shop/data',
): Extract<MoverJob, { readonly kind: 'restore' }> {
  mkdirSync(targetPath, { recursive: true })
  return {
    kind: 'restore',
    repository: access,
    repositorySnapshotID,
    logicalPath,
    targetPath: encodePathBytes(Buffer.from(targetPath)),
  }
}

/** Lock files that are there now. */
export function lockNames({ path }: TestRepository): string[] {
  return existsSync(join(path, 'locks')) ? readdirSync(join(path, 'locks')) : []
}
