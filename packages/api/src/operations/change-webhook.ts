// Webhooks: made, changed, removed and tried out by those who run the account.
import { isIP } from 'node:net'
import {
  DELIVERIES,
  type Delivery,
  deleteWebhook,
  findResource,
  insertTestDelivery,
  insertWebhook,
  inTransaction,
  isWebhookNameTaken,
  lockWebhooks,
  type Queries,
  recordEvent,
  updateWebhook,
  WEBHOOKS,
  type Webhook,
  type WebhookSeverity,
} from '@holdfast/db'
import type { Label } from '@holdfast/domain'
import { refusalOf } from '@holdfast/network'
import type { Caller } from './caller.ts'
import type { OperationContext } from './operation-context.ts'
import { OperationError } from './operation-failure.ts'

export interface WebhookRequest {
  readonly version: string
  readonly name: string
  readonly url: string
  readonly secret: string
  readonly isEnabled: boolean
  readonly minimumSeverity: WebhookSeverity
  readonly labels: readonly Label[]
}

export async function createWebhook(
  context: OperationContext,
  caller: Caller,
  request: WebhookRequest,
): Promise<Webhook> {
  const { database, sealing, newID, now } = context
  const { accountID, userID } = caller
  checkUrl(request.url)
  const id = newID()
  const webhook = await inTransaction(database, async (transaction) => {
    await lockWebhooks(transaction, accountID)
    await refuseTakenName(transaction, { accountID, name: request.name })
    await insertWebhook(transaction, sealing, {
      ...request,
      id,
      accountID,
      createdBy: userID,
      now: now(),
    })
    return findWebhook(transaction, accountID, id)
  })
  if (webhook === undefined) throw new RangeError(`The webhook ${id} was written and is not there.`)
  return webhook
}

export interface WebhookChangeRequest {
  readonly id: string
  readonly version: string
  readonly name?: string
  readonly url?: string
  readonly secret?: string
  readonly isEnabled?: boolean
  readonly minimumSeverity?: WebhookSeverity
  readonly labels?: readonly Label[]
  readonly checkPreconditions: (present: Webhook) => void
}

export async function changeWebhook(
  context: OperationContext,
  caller: Caller,
  { id, checkPreconditions, ...change }: WebhookChangeRequest,
): Promise<void> {
  const { accountID, userID } = caller
  if (change.url !== undefined) checkUrl(change.url)
  await inTransaction(context.database, async (transaction) => {
    await lockWebhooks(transaction, accountID)
    const present = await findWebhook(transaction, accountID, id)
    if (present === undefined) throw missing(id)
    checkPreconditions(present)
    if (change.name !== undefined) {
      await refuseTakenName(transaction, { accountID, name: change.name, exceptID: id })
    }
    const changed = { ...change, modifiedBy: userID, now: context.now() }
    await updateWebhook(transaction, context.sealing, { id, change: changed })
  })
}

export async function removeWebhook(
  { database }: OperationContext,
  { accountID }: Caller,
  id: string,
): Promise<void> {
  await inTransaction(database, async (transaction) => {
    await lockWebhooks(transaction, accountID)
    await deleteWebhook(transaction, { accountID, id })
  })
}

/** Answers the delivery, which is on its way; it is sent as every other is. */
export async function testWebhook(
  { database, newID, now }: OperationContext,
  { accountID, userID }: Caller,
  id: string,
): Promise<Delivery> {
  const [eventID, deliveryID, time] = [newID(), newID(), now()]
  const delivery = await inTransaction(database, async (transaction) => {
    await lockWebhooks(transaction, accountID)
    const webhook = await findWebhook(transaction, accountID, id)
    if (webhook === undefined) throw missing(id)
    await recordEvent(transaction, {
      id: eventID,
      accountID,
      name: 'holdfast.webhook.test',
      summary: 'Test of a webhook',
      description: `Somebody tries out the webhook "${webhook.name}". There is nothing to do.`,
      source: 'holdfast',
      severity: 'informational',
      class: 'user',
      eventTime: time,
      correlationID: eventID,
      resourceID: id,
      resourceName: 'webhook',
      userID,
      visibility: ['owner', 'admin'],
    })
    const test = { id: deliveryID, accountID, eventID, webhookID: id, now: time }
    await insertTestDelivery(transaction, test)
    return findResource(transaction, DELIVERIES, { scope: scopeOf(accountID), id: deliveryID })
  })
  if (delivery === undefined) throw new RangeError('The delivery was written and is not there.')
  return delivery
}

function checkUrl(text: string): void {
  const reason = reasonAgainst(text)
  if (reason === undefined) return
  throw new OperationError({ code: 'invalid-request', members: [{ name: 'url', reason }] })
}

function reasonAgainst(text: string): string | undefined {
  const url = URL.parse(text)
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    return 'must be an address that begins with https:// or http://'
  }
  if (url.username !== '' || url.password !== '') {
    return 'must not hold a user name or a password'
  }
  // The rest is decided with each connection, on the address that the name has then.
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (isIP(host) !== 0 && refusalOf(host, { mayReachPrivateNetworks: true }) !== undefined) {
    return 'names an address that is never connected to'
  }
  return undefined
}

async function refuseTakenName(
  transaction: Queries,
  wanted: { readonly accountID: string; readonly name: string; readonly exceptID?: string },
): Promise<void> {
  if (!(await isWebhookNameTaken(transaction, wanted))) return
  throw new OperationError({ code: 'webhook-name-taken', name: wanted.name })
}

function findWebhook(transaction: Queries, accountID: string, id: string) {
  return findResource(transaction, WEBHOOKS, { scope: scopeOf(accountID), id })
}

function scopeOf(accountID: string) {
  return { accountID, parents: {} }
}

function missing(id: string): OperationError {
  return new OperationError({ code: 'not-found', kind: 'resource', id })
}
