// Delivers notifications to webhooks and by e-mail, wherever they were written.
//
// Each service takes what is due (no two take the same), sends, and writes down what became of it.
// A service that dies between sending and writing leaves it pending: after `HELD_MS` it is sent
// once more, with the same id. That is the only way in which something is sent twice.
import {
  type EventRecord,
  findEvent,
  findMailReader,
  findWebhookTarget,
  openMailRelay,
  recordDelivered,
  recordDeliveryFailure,
  type TakenDelivery,
  takeDeliveries,
} from '@holdfast/db'
import { mailMessage } from './mail-message.ts'
import type { Runtime } from './runtime.ts'
import { sendMail } from './send-mail.ts'
import type { SendOutcome } from './send-outcome.ts'
import { sendWebhook } from './send-webhook.ts'
import { webhookMessage } from './webhook-message.ts'

export type DeliveryRuntime = Pick<
  Runtime,
  'database' | 'sealing' | 'now' | 'closing' | 'log' | 'mayReachPrivateNetworks'
>

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** After the first try, after the second …; the one after the last is the last: about two days. */
export const PAUSES_MS: readonly number[] = [
  10 * SECOND,
  MINUTE,
  5 * MINUTE,
  15 * MINUTE,
  HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
  24 * HOUR,
]

const SEND_TIMEOUT_MS = 20 * SECOND
/** Longer than everything that happens between taking and writing down. */
export const HELD_MS = 2 * MINUTE
const AT_ONCE_MAX = 16
const AT_ONCE_OF_RECEIVER_MAX = 4
const REASON_LENGTH_MAX = 500

/** One round: until nothing is due any more. Answers how many were tried. */
export async function deliverDue(runtime: DeliveryRuntime): Promise<number> {
  let tried = 0
  while (!runtime.closing.aborted) {
    const taken = await takeDeliveries(runtime.database, {
      now: runtime.now(),
      heldMs: HELD_MS,
      limit: AT_ONCE_MAX,
      limitOfReceiver: AT_ONCE_OF_RECEIVER_MAX,
    })
    if (taken.length === 0) break
    await Promise.all(taken.map((delivery) => deliver(runtime, delivery)))
    tried += taken.length
  }
  return tried
}

async function deliver(runtime: DeliveryRuntime, delivery: TakenDelivery): Promise<void> {
  const outcome = await send(runtime, delivery).catch(
    (error: unknown): SendOutcome => ({ kind: 'failed', reason: String(error) }),
  )
  await record(runtime, delivery, outcome)
}

async function send(runtime: DeliveryRuntime, delivery: TakenDelivery): Promise<SendOutcome> {
  const event = await findEvent(runtime.database, delivery)
  if (event === undefined) return { kind: 'refused', reason: 'The event is gone.' }
  return delivery.channel === 'webhook'
    ? await post(runtime, delivery, event)
    : await mail(runtime, delivery, event)
}

async function post(
  { database, sealing, now, closing, mayReachPrivateNetworks }: DeliveryRuntime,
  { id, webhookID }: TakenDelivery,
  event: EventRecord,
): Promise<SendOutcome> {
  const target = await findWebhookTarget(database, sealing, webhookID ?? '')
  if (target === undefined) return { kind: 'refused', reason: 'The webhook is gone.' }
  if (!target.isEnabled) return { kind: 'refused', reason: 'The webhook is switched off.' }
  return await sendWebhook({
    url: target.url,
    message: webhookMessage(event, { id, secret: target.secret, now: now() }),
    policy: { mayReachPrivateNetworks },
    signal: closing,
    timeoutMs: SEND_TIMEOUT_MS,
  })
}

async function mail(
  { database, sealing, now, closing, mayReachPrivateNetworks }: DeliveryRuntime,
  { id, accountID, userID }: TakenDelivery,
  event: EventRecord,
): Promise<SendOutcome> {
  const reader = await findMailReader(database, userID ?? '')
  if (reader === undefined) return { kind: 'refused', reason: 'The user is gone or switched off.' }
  const answer = await openMailRelay(database, sealing, { accountID, now: now() })
  if ('refusal' in answer) return { kind: 'failed', reason: answer.refusal }
  const { relay } = answer
  return await sendMail({
    relay,
    message: mailMessage(event, { id, reader, relay }),
    policy: { mayReachPrivateNetworks },
    signal: closing,
    timeoutMs: SEND_TIMEOUT_MS,
  })
}

async function record(
  { database, now, closing, log }: DeliveryRuntime,
  { id, attempt, channel }: TakenDelivery,
  outcome: SendOutcome,
): Promise<void> {
  if (outcome.kind === 'sent') return await recordDelivered(database, { id, now: now() })
  const failure = { id, attempt, reason: outcome.reason.slice(0, REASON_LENGTH_MAX).toWellFormed() }
  if (closing.aborted) {
    // Whether it arrived is not known; the next start sends it at once.
    return await recordDeliveryFailure(database, { ...failure, nextAttemptAt: now() })
  }
  const pauseMs = outcome.kind === 'refused' ? undefined : PAUSES_MS[attempt - 1]
  const fields = { deliveryID: id, channel, attempt, reason: failure.reason }
  if (pauseMs === undefined) {
    log.warn('A notification could not be delivered and is given up', fields)
    return await recordDeliveryFailure(database, failure)
  }
  log.info('A notification could not be delivered and is tried again', fields)
  const nextAttemptAt = new Date(now().getTime() + pauseMs)
  await recordDeliveryFailure(database, { ...failure, nextAttemptAt })
}
