// One transaction around several statements.
import type { Database } from './database.ts'

/** What a statement needs: the database itself, or a transaction on it. */
export type Queries = Pick<Database, 'queries'>

/** Commits when `work` resolves, rolls back when it throws. Nothing outside may wait inside. */
export function inTransaction<Result>(
  { queries }: Queries,
  work: (transaction: Queries) => Promise<Result>,
): Promise<Result> {
  return queries.transaction().execute((transaction) => work({ queries: transaction }))
}
