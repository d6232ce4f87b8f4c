// What a backup answered is kept in its snapshot, so that a run whose answer got lost is not
// repeated.
import {
  type JsonValue,
  listSnapshots,
  type Repository,
  type UnknownMembers,
} from '@holdfast/engine'

/** Member of the snapshot; stock restic leaves it alone. */
const ANNOTATION = 'holdfast'

/** Interfaces of plain data are JSON, but the compiler does not take one for the other. */
export function keepResult(result: object): UnknownMembers {
  return { [ANNOTATION]: result as unknown as JsonValue }
}

/** By all of these tags. A snapshot that another program rewrote has lost its result. */
export async function findKeptResult<Kept>(
  repository: Repository,
  tags: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<(Kept & { readonly repositorySnapshotID: string }) | undefined> {
  if (tags === undefined) return undefined
  for (const { id, snapshot } of await listSnapshots({ repository, tags, signal })) {
    const kept = snapshot.unknownMembers?.[ANNOTATION]
    if (kept !== undefined) return { ...(kept as unknown as Kept), repositorySnapshotID: id }
  }
  return undefined
}
