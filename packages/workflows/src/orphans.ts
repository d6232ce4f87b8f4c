// What a platform owns and no obligation speaks of.
//
// Rows are written before the deed, so hardly anything comes here: what lay on a volume that was
// not mounted when it was to be removed; what a database knew that was lost since; what another
// installation keeps on the same host. Only what is known to be over is ended. The rest may be the
// last copy of somebody's data, or one half of an exchange: it is left alone and told.
import { findTask, listLiveVolumeSnapshotIDs, listObligations } from '@holdfast/db'
import { isFinalTaskState } from '@holdfast/domain'
import type { OwnedThing, Platform } from '@holdfast/platforms'
import type { Runtime } from './runtime.ts'
import { endStaging } from './staging-obligation.ts'

export async function settleOrphans(runtime: Runtime, platform: Platform): Promise<void> {
  const owned = await platform.listOwned()
  const known = await knownIDs(runtime, owned)
  for (const thing of owned) {
    if (known.has(thing.id)) continue
    if (await isOverRestore(runtime, thing)) await endStaging(runtime, platform, thing.id)
    else tell(runtime, thing)
  }
}

async function knownIDs({ database }: Runtime, owned: readonly OwnedThing[]): Promise<Set<string>> {
  const ids = owned.map(({ id }) => id).filter(isUUID)
  const known = new Set(await listLiveVolumeSnapshotIDs(database, ids))
  for (const obligation of await listObligations(database, {})) known.add(obligation.id)
  return known
}

async function isOverRestore({ database }: Runtime, { kind, id }: OwnedThing): Promise<boolean> {
  if (kind !== 'staging' || !isUUID(id)) return false
  const task = await findTask(database, id)
  return task !== undefined && isFinalTaskState(task.state)
}

/** Names on a disk can be anything; our ids are UUIDs, and so are the columns they stand in. */
function isUUID(id: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)
}

/** Once for each start: it stays until somebody looks after it. */
function tell({ log, toldOrphans }: Runtime, { kind, id }: OwnedThing): void {
  if (toldOrphans.has(id)) return
  toldOrphans.add(id)
  log.warn('The database does not know this; it is left alone. Is another Holdfast at work here?', {
    kind,
    id,
  })
}
