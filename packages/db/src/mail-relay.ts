// Through which server an account's e-mail goes: the setting `astra.account.smtp`.
import { sql } from 'kysely'
import { credentialRefusal, decodeKeyStore } from './bucket-stores.ts'
import { openCredential } from './credentials.ts'
import type { Sealing } from './sealing.ts'
import type { Queries } from './transaction.ts'

export interface MailRelay {
  readonly host: string
  readonly port: number
  readonly login?: { readonly user: string; readonly password: string }
  /** The address that mail comes from; one is made from the host when absent. */
  readonly sender?: string
}

export type MailRelayAnswer =
  | { readonly relay: MailRelay }
  /** Why no mail can be sent: a sentence. */
  | { readonly refusal: string }

interface RelayRow {
  readonly host: string
  readonly port: string
  readonly credential: string | null
  readonly sender: string | null
}

/** `now` decides whether the credential is valid. What it answers is for the use alone. */
export async function openMailRelay(
  database: Queries,
  sealing: Sealing,
  { accountID, now }: { readonly accountID: string; readonly now: Date },
): Promise<MailRelayAnswer> {
  const { rows } = await sql<RelayRow>`
    select current_config ->> 'relayServer' as host, current_config ->> 'port' as port,
      current_config ->> 'credential' as credential, current_config ->> 'sender' as sender
    from settings where account_id = ${accountID} and name = 'astra.account.smtp'
      and current_config ->> 'isEnabled' = 'true'
  `.execute(database.queries)
  const [row] = rows
  if (row === undefined) return { refusal: 'E-mail is switched off.' }
  const sender = row.sender === null || row.sender === '' ? {} : { sender: row.sender }
  const relay = { host: row.host, port: Number(row.port), ...sender }
  if (row.credential === null || row.credential === '') return { relay }
  const credential = await openCredential(database, sealing, { accountID, id: row.credential })
  if (credential === undefined) return { refusal: 'The credential of the mail relay was deleted.' }
  const unusable = credentialRefusal(credential, now)
  if (unusable !== undefined) return { refusal: unusable }
  const { user, password } = decodeKeyStore(credential.keyStore)
  if (user === undefined || password === undefined) {
    return { refusal: 'The credential of the mail relay lacks the entry user or password.' }
  }
  return { relay: { ...relay, login: { user, password } } }
}
