// Through which server an account's e-mail goes: the setting `astra.account.smtp`.
import { credentialRefusal, decodeKeyStore } from './bucket-stores.ts'
import { openCredential } from './credentials.ts'
import type { Sealing } from './sealing.ts'
import { readSetting } from './settings.ts'
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

/** `now` decides whether the credential is valid. What it answers is for the use alone. */
export async function openMailRelay(
  database: Queries,
  sealing: Sealing,
  { accountID, now }: { readonly accountID: string; readonly now: Date },
): Promise<MailRelayAnswer> {
  const config = await readSetting(database, accountID, 'astra.account.smtp')
  if (config.isEnabled !== 'true') return { refusal: 'E-mail is switched off.' }
  const { sender = '', credential: id = '' } = config
  const from = sender === '' ? {} : { sender: String(sender) }
  const relay = { host: String(config.relayServer), port: Number(config.port), ...from }
  if (id === '') return { relay }
  const credential = await openCredential(database, sealing, { accountID, id: String(id) })
  if (credential === undefined) return { refusal: 'The credential of the mail relay was deleted.' }
  const unusable = credentialRefusal(credential, now)
  if (unusable !== undefined) return { refusal: unusable }
  const { user, password } = decodeKeyStore(credential.keyStore)
  if (user === undefined || password === undefined) {
    return { refusal: 'The credential of the mail relay lacks the entry user or password.' }
  }
  return { relay: { ...relay, login: { user, password } } }
}
