// Makes the repositories of buckets and of local snapshots on demand.
//
// A repository's row is `unmade` (a sealed password, no keys) until the mover's `init`, which makes
// or opens it, has answered; then `ready`. A crash in between repeats `init` with the same
// password. Secrets go from the mover straight under the seal and through no step's output.
import {
  completeRepository,
  findBucketPlace,
  findPolynomial,
  findRepositoryAt,
  openRepositorySecrets,
  type RepositoryHome,
  registerRepository,
} from '@holdfast/db'
import { storeOf } from './open-repository.ts'
import { type MoverContext, runMover } from './run-mover.ts'
import type { Runtime } from './runtime.ts'
import { withTurn } from './turn.ts'

/** Answers the id of the repository that the account has there. */
export async function ensureRepository(
  context: MoverContext,
  accountID: string,
  home: RepositoryHome,
): Promise<string> {
  const { runtime } = context
  const found = await findRepositoryAt(runtime.database, accountID, home)
  if (found?.isReady === true) return found.id
  const turn = {
    runtime,
    workflowID: context.workflowID,
    taskID: context.taskID,
    name: `ensure ${JSON.stringify(home)}`,
    // Of the account, since its first repository sets the polynomial of all.
    resource: `account:${accountID}`,
    mode: 'exclusive' as const,
    signal: context.signal,
  }
  return await withTurn(turn, () => makeRepository(context, accountID, home))
}

async function makeRepository(
  context: MoverContext,
  accountID: string,
  home: RepositoryHome,
): Promise<string> {
  const { runtime } = context
  const { database, sealing } = runtime
  const repository = await registerRepository(database, sealing, {
    id: runtime.randomUUID(),
    accountID,
    home,
    prefix: await prefixOf(runtime, accountID, home),
    password: runtime.randomPassword(),
  })
  if (repository.isReady) return repository.id
  const secrets = await openRepositorySecrets(database, sealing, repository.id)
  if (secrets === undefined) throw new Error(`The repository ${repository.id} has no password.`)
  const polynomial = await findPolynomial(database, sealing, accountID)
  const made = await runMover(context, {
    kind: 'init',
    store: await storeOf(runtime, repository),
    password: secrets.password,
    ...(polynomial === undefined ? {} : { polynomial }),
    lockHostname: runtime.lockHostname,
  })
  await completeRepository(database, sealing, {
    id: repository.id,
    configID: made.repositoryConfigID,
    password: secrets.password,
    keys: made.keys,
    polynomial: made.polynomial,
  })
  return repository.id
}

/** Stored with the repository, which stays where it is. */
async function prefixOf(
  { database }: Runtime,
  accountID: string,
  home: RepositoryHome,
): Promise<string> {
  // All clusters of a machine keep theirs in one directory.
  if (home.kind === 'cluster') return `${home.clusterID}/${accountID}/`
  const bucket = await findBucketPlace(database, home.bucketID)
  return `${bucket?.prefix ?? ''}accounts/${accountID}/`
}
