// A notification as a letter in plain text: what happened, to which resource, what to do.
import { isIP } from 'node:net'
import type { EventRecord, MailReader, MailRelay } from '@holdfast/db'

export interface MailMessage {
  readonly from: string
  readonly to: { readonly name: string; readonly address: string }
  readonly subject: string
  readonly text: string
  /** The same for every try: receivers know a repeated letter by it. */
  readonly messageId: string
  readonly date: Date
}

export function mailMessage(
  event: EventRecord,
  input: { readonly id: string; readonly reader: MailReader; readonly relay: MailRelay },
): MailMessage {
  const { id, reader, relay } = input
  const from = senderOf(relay)
  return {
    from,
    to: { name: reader.name, address: reader.email },
    subject: `[Holdfast] ${event.severity}: ${event.summary}`,
    text: textOf(event),
    messageId: `<${id}@${from.slice(from.lastIndexOf('@') + 1)}>`,
    date: event.eventTime,
  }
}

function textOf(event: EventRecord): string {
  const { resourceURI, correctiveAction } = event
  const kind = event.resourceType.replace('application/astra-', '')
  return [
    event.description,
    '',
    ...(correctiveAction === undefined ? [] : ['What to do:', `  ${correctiveAction}`, '']),
    `Severity:  ${event.severity}`,
    `When:      ${event.eventTime.toISOString()}`,
    `Resource:  ${kind} ${event.resourceID}`,
    ...(resourceURI === undefined ? [] : [`           ${resourceURI}`]),
    `Event:     ${event.name} ${event.id}`,
    '',
    'You get this since you are an owner or an admin of this account.',
    '',
  ].join('\n')
}

function senderOf({ sender, login, host }: MailRelay): string {
  if (sender !== undefined) return sender
  if (login?.user.includes('@')) return login.user
  return `holdfast@${isIP(host) === 0 ? host : `[${host}]`}`
}
