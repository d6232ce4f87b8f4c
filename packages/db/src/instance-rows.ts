// The rows by which an app's instances, and each one's share of a backup, have their ids in the
// container dialect. They are written with the app and with the backup.
import { derivedHexID, HOST_INSTANCE_IDENTITY, hexIDOf } from './container-ids.ts'
import type { Queries } from './transaction.ts'

interface AppRef {
  readonly accountID: string
  readonly appID: string
}

/** Repeating it changes nothing. An app of a host cluster is one running unit. */
export async function insertInstances({ queries }: Queries, app: AppRef): Promise<void> {
  await queries
    .insertInto('instances')
    .values({
      id: derivedHexID(app.appID, HOST_INSTANCE_IDENTITY),
      account_id: app.accountID,
      app_id: app.appID,
      identity: HOST_INSTANCE_IDENTITY,
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute()
}

/** One for each instance; a stream is of one instance and has its own id. */
export async function insertContainerBackups(
  { queries }: Queries,
  backup: AppRef & { readonly backupID: string; readonly kind: 'volumes' | 'stream' },
): Promise<void> {
  const { accountID, appID, backupID, kind } = backup
  await insertInstances({ queries }, backup)
  await queries
    .insertInto('container_backups')
    .values({
      id: kind === 'stream' ? hexIDOf(backupID) : derivedHexID(backupID, HOST_INSTANCE_IDENTITY),
      account_id: accountID,
      app_id: appID,
      backup_id: backupID,
      instance_id: derivedHexID(appID, HOST_INSTANCE_IDENTITY),
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute()
}
