// Labels a namespace: what role constraints by label match on clusters whose namespaces are plain
// directories, which carry none of their own.
import {
  findResource,
  inTransaction,
  lockNamespace,
  NAMESPACES,
  type Namespace,
  updateNamespaceLabels,
} from '@holdfast/db'
import type { Label } from '@holdfast/domain'
import type { Caller } from './caller.ts'
import type { OperationContext } from './operation-context.ts'
import { OperationError } from './operation-failure.ts'

export interface NamespaceLabelsRequest {
  readonly id: string
  readonly version: string
  /** All that it carries from now on; each name once. */
  readonly kubernetesLabels: readonly Label[]
  readonly checkPreconditions: (present: Namespace) => void
}

export async function labelNamespace(
  { database, now }: OperationContext,
  { accountID, userID }: Caller,
  { id, version, kubernetesLabels, checkPreconditions }: NamespaceLabelsRequest,
): Promise<void> {
  refuseRepeatedNames(kubernetesLabels)
  await inTransaction(database, async (transaction) => {
    await lockNamespace(transaction, id)
    const scope = { accountID, parents: {} }
    const present = await findResource(transaction, NAMESPACES, { scope, id })
    if (present === undefined) throw new OperationError({ code: 'not-found', kind: 'resource', id })
    checkPreconditions(present)
    await updateNamespaceLabels(transaction, {
      id,
      version,
      kubernetesLabels,
      modifiedBy: userID,
      now: now(),
    })
  })
}

function refuseRepeatedNames(labels: readonly Label[]): void {
  const repeated = labels.findIndex(
    ({ name }, at) => labels.findIndex((other) => other.name === name) < at,
  )
  if (repeated === -1) return
  const name = `kubernetesLabels[${repeated}].name`
  const reason = 'names a label that stands there already; a namespace carries each name once'
  throw new OperationError({ code: 'invalid-request', members: [{ name, reason }] })
}
