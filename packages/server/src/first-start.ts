// The first start: an owner with a token, this host as a cluster, a local bucket.
import { randomUUID } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { hostname, release } from 'node:os'
import { join } from 'node:path'
import { hashToken } from '@holdfast/api'
import { type Database, recordFirstStart } from '@holdfast/db'
import { writeOwnerFile } from './owner-file.ts'
import { makeToken } from './token.ts'

export interface FirstStartOptions {
  readonly home: string
  /** In `owner.json` until the service listens. */
  readonly url: string
  readonly now: Date
}

const CLUSTER_NAME_MAX = 63
export const CLUSTER_VERSION_MAX = 31

export function bucketDirectory(home: string): string {
  return join(home, 'bucket')
}

/** Idempotent; true when everything was made now. The bucket's repository is made by the caller. */
export async function ensureFirstStart(
  database: Database,
  { home, url, now }: FirstStartOptions,
): Promise<boolean> {
  const token = makeToken()
  const account = { id: randomUUID(), name: 'Holdfast' }
  const user = { id: randomUUID(), email: 'owner@localhost' }
  const first = {
    now,
    account,
    user,
    roleBindingID: randomUUID(),
    token: { id: randomUUID(), name: 'first owner', secretHash: hashToken(token) },
    cloud: { id: randomUUID(), name: 'local' },
    cluster: { id: randomUUID(), ...thisHost() },
    storageClassID: randomUUID(),
    bucket: { id: randomUUID(), name: 'local', path: bucketDirectory(home) },
  }
  return recordFirstStart(database, first, async () => {
    // Only now: a bucket directory that is gone later is trouble to be told, not to be papered over.
    await mkdir(first.bucket.path, { recursive: true, mode: 0o700 })
    await writeOwnerFile(home, { url, accountID: account.id, userID: user.id, token })
  })
}

function thisHost(): { name: string; version: string } {
  return { name: hostClusterName(), version: release().slice(0, CLUSTER_VERSION_MAX) }
}

export function hostClusterName(): string {
  return hostname().toLowerCase().slice(0, CLUSTER_NAME_MAX) || 'host'
}
