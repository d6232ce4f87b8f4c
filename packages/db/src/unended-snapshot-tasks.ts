// The snapshots of an app that are still being taken, as tasks to cancel.
import type { Queries } from './transaction.ts'

export async function listUnendedSnapshotTasks(
  { queries }: Queries,
  appID: string,
): Promise<readonly string[]> {
  const rows = await queries
    .selectFrom('tasks')
    .select('id')
    .where('app_id', '=', appID)
    .where('kind', '=', 'snapshot')
    .where('state', 'in', ['notStarted', 'running', 'cancelling'])
    .execute()
  return rows.map((row) => row.id)
}
