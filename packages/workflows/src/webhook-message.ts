// What a webhook receives: the event as JSON, signed as Standard Webhooks 1.0.0 has it
// (https://www.standardwebhooks.com), so that receivers find a library that verifies it.
import { createHmac } from 'node:crypto'
import type { EventRecord } from '@holdfast/db'

export interface WebhookMessage {
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

const SECRET_PREFIX = 'whsec_'

/** `id` is the delivery's, the same for every try. `secret` is `whsec_` and base64. */
export function webhookMessage(
  event: EventRecord,
  {
    id,
    secret,
    now,
  }: { readonly id: string; readonly secret: string | undefined; readonly now: Date },
): WebhookMessage {
  const body = JSON.stringify(bodyOf(event))
  const timestamp = String(Math.floor(now.getTime() / 1000))
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
      'user-agent': 'Holdfast',
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      ...(secret === undefined
        ? {}
        : { 'webhook-signature': signatureOf(`${id}.${timestamp}.${body}`, secret) }),
    },
  }
}

function bodyOf(event: EventRecord): object {
  const { correctiveAction, resourceURI, userID } = event
  return {
    type: event.name,
    timestamp: event.eventTime.toISOString(),
    data: {
      id: event.id,
      accountID: event.accountID,
      sequenceCount: event.sequence,
      name: event.name,
      summary: event.summary,
      description: event.description,
      ...(correctiveAction === undefined ? {} : { correctiveAction }),
      severity: event.severity,
      class: event.class,
      eventTime: event.eventTime.toISOString(),
      correlationID: event.correlationID,
      resourceID: event.resourceID,
      resourceType: event.resourceType,
      ...(resourceURI === undefined ? {} : { resourceURI }),
      additionalResourceIDs: event.additionalResourceIDs,
      ...(userID === undefined ? {} : { userID }),
    },
  }
}

function signatureOf(signed: string, secret: string): string {
  const key = Buffer.from(secret.replace(SECRET_PREFIX, ''), 'base64')
  return `v1,${createHmac('sha256', key).update(signed, 'utf8').digest('base64')}`
}
