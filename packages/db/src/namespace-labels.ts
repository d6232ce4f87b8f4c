// Labels of namespaces, which users give where the cluster itself has none.
import type { Label } from '@holdfast/domain'
import { sql } from 'kysely'
import type { Queries } from './transaction.ts'

/** Call in a transaction: nobody else changes the row until its end. */
export async function lockNamespace({ queries }: Queries, id: string): Promise<void> {
  await sql`select 1 from namespaces where id = ${id} for no key update`.execute(queries)
}

export async function updateNamespaceLabels(
  { queries }: Queries,
  change: {
    readonly id: string
    readonly version: string
    readonly kubernetesLabels: readonly Label[]
    readonly modifiedBy: string
    readonly now: Date
  },
): Promise<void> {
  await queries
    .updateTable('namespaces')
    .set({
      kubernetes_labels: JSON.stringify(change.kubernetesLabels),
      version: change.version,
      modified_by: change.modifiedBy,
      modified_at: change.now,
    })
    .where('id', '=', change.id)
    .execute()
}
