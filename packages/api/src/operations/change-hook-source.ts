// Hook sources: made, changed and removed. A change counts from the next run of every hook.
import { createHash } from 'node:crypto'
import {
  deleteHookSource,
  findHookOfSource,
  findResource,
  HOOK_SOURCES,
  type HookSource,
  insertHookSource,
  inTransaction,
  isHookSourceNameTaken,
  lockHooks,
  type Queries,
  updateHookSource,
} from '@holdfast/db'
import type { Label } from '@holdfast/domain'
import { type Caller, scopeOf } from './caller.ts'
import type { OperationContext } from './operation-context.ts'
import { OperationError } from './operation-failure.ts'
import { refuseDisabledHooks } from './refuse-disabled-hooks.ts'

export interface HookSourceRequest {
  readonly version: string
  readonly name: string
  /** base64 */
  readonly source: string
  readonly description?: string
  readonly labels: readonly Label[]
}

export async function createHookSource(
  { database, newID, now }: OperationContext,
  caller: Caller,
  { description, ...request }: HookSourceRequest,
): Promise<HookSource> {
  const { accountID, userID } = caller
  const id = newID()
  const source = await inTransaction(database, async (transaction) => {
    await refuseDisabledHooks(transaction, accountID)
    checkScript(request.source)
    await lockHooks(transaction, accountID)
    const isInserted = await insertHookSource(transaction, {
      ...request,
      id,
      accountID,
      description,
      sourceMD5: checksumOf(request.source),
      createdBy: userID,
      now: now(),
    })
    if (!isInserted) throw nameTaken(request.name)
    return await findSource(transaction, caller, id)
  })
  return source
}

export interface HookSourceChangeRequest extends Partial<HookSourceRequest> {
  readonly id: string
  readonly version: string
  readonly isPrivate?: boolean
  readonly checkPreconditions: (present: HookSource) => void
}

export async function changeHookSource(
  { database, now }: OperationContext,
  caller: Caller,
  { id, checkPreconditions, ...change }: HookSourceChangeRequest,
): Promise<void> {
  const { accountID, userID } = caller
  await inTransaction(database, async (transaction) => {
    await refuseDisabledHooks(transaction, accountID)
    await lockHooks(transaction, accountID)
    const present = await findSource(transaction, caller, id)
    checkPreconditions(present)
    refusePreloaded(present)
    const { name, source, isPrivate } = change
    if (source !== undefined) checkScript(source)
    if (present.isPrivate && isPrivate === false && source === undefined) {
      const reason = 'cannot be taken back: it would show the script; send a new source with it'
      throw new OperationError({
        code: 'fixed-value-changed',
        resource: `hook source ${present.name}`,
        members: [{ name: 'private', reason }],
      })
    }
    if (name !== undefined) {
      const isTaken = await isHookSourceNameTaken(transaction, { accountID, name, exceptID: id })
      if (isTaken) throw nameTaken(name)
    }
    const sourceMD5 = source === undefined ? {} : { sourceMD5: checksumOf(source) }
    await updateHookSource(transaction, {
      id,
      change: { ...change, ...sourceMD5, modifiedBy: userID, now: now() },
    })
  })
}

export async function removeHookSource(
  { database }: OperationContext,
  caller: Caller,
  id: string,
): Promise<void> {
  await inTransaction(database, async (transaction) => {
    await refuseDisabledHooks(transaction, caller.accountID)
    await lockHooks(transaction, caller.accountID)
    const present = await findSource(transaction, caller, id)
    refusePreloaded(present)
    const hook = await findHookOfSource(transaction, id)
    if (hook !== undefined) {
      const { name } = present
      throw new OperationError({
        code: 'hook-source-in-use',
        name,
        hook: hook.name,
        app: hook.appName,
      })
    }
    await deleteHookSource(transaction, id)
  })
}

async function findSource(transaction: Queries, caller: Caller, id: string): Promise<HookSource> {
  const source = await findResource(transaction, HOOK_SOURCES, { scope: scopeOf(caller), id })
  if (source !== undefined) return source
  throw new OperationError({ code: 'not-found', kind: 'resource', id })
}

function refusePreloaded({ name, isPreloaded }: HookSource): void {
  if (isPreloaded) throw new OperationError({ code: 'hook-source-read-only', name })
}

function nameTaken(name: string): OperationError {
  return new OperationError({ code: 'hook-source-name-taken', name })
}

/** A script with carriage returns fails in ways that nobody sees. */
function checkScript(source: string): void {
  const bytes = Buffer.from(source, 'base64')
  const text = bytes.toString('utf8')
  const isBinary = bytes.includes(0) || !Buffer.from(text, 'utf8').equals(bytes)
  const reason = isBinary
    ? 'is no text in UTF-8'
    : text.includes('\r')
      ? 'has carriage returns; end its lines with a line feed alone'
      : undefined
  if (reason === undefined) return
  throw new OperationError({ code: 'invalid-request', members: [{ name: 'source', reason }] })
}

/** Of the base64 text as it was sent, as clients compute it. */
function checksumOf(source: string): string {
  return createHash('md5').update(source, 'utf8').digest('hex')
}
