// Credentials: secrets that users give the service. What they hold is sealed and never shown; it
// leaves the database for the use alone.
import type { Label } from '@holdfast/domain'
import { sql } from 'kysely'
import type { ResourceSource } from './list-resources.ts'
import {
  type CommonRow,
  commonFields,
  instant,
  type ResourceCommon,
  text,
  toCommon,
} from './resource-fields.ts'
import type { Sealing } from './sealing.ts'
import type { Queries } from './transaction.ts'

export interface Credential extends ResourceCommon {
  readonly name: string
  readonly keyType?: string
  /** False: it must not be used. */
  readonly isValid: boolean
  readonly validFrom?: Date
  readonly validUntil?: Date
}

interface CredentialRow extends CommonRow {
  readonly name: string
  readonly key_type: string | null
  readonly is_valid: boolean
  readonly valid_from: Date | null
  readonly valid_until: Date | null
}

export const CREDENTIALS: ResourceSource<Credential> = {
  from: sql`credentials`,
  // Not the key store: what is not read cannot be shown.
  columns: sql`credentials.id, credentials.account_id, credentials.name, credentials.key_type,
    credentials.is_valid, credentials.valid_from, credentials.valid_until, credentials.version,
    credentials.labels, credentials.created_at, credentials.modified_at, credentials.created_by,
    credentials.modified_by`,
  isVisible: sql`true`,
  id: sql`credentials.id`,
  accountID: sql`credentials.account_id`,
  createdAt: sql`credentials.created_at`,
  parents: {},
  fields: {
    ...commonFields('credentials'),
    name: text(sql`credentials.name`),
    keyType: text(sql`credentials.key_type`),
    isValid: text(sql`credentials.is_valid`),
    validFrom: instant(sql`credentials.valid_from`),
    validUntil: instant(sql`credentials.valid_until`),
  },
  toResource: toCredential,
}

function toCredential(row: CredentialRow): Credential {
  return {
    ...toCommon(row),
    name: row.name,
    ...(row.key_type === null ? {} : { keyType: row.key_type }),
    isValid: row.is_valid,
    ...(row.valid_from === null ? {} : { validFrom: row.valid_from }),
    ...(row.valid_until === null ? {} : { validUntil: row.valid_until }),
  }
}

/** Name → base64, as it was given. */
export type KeyStore = Readonly<Record<string, string>>

export interface NewCredential {
  readonly id: string
  readonly accountID: string
  readonly name: string
  readonly keyType?: string
  readonly isValid: boolean
  readonly validFrom?: Date
  readonly validUntil?: Date
  /** Absent: what it stands for is kept elsewhere (the hash of a password, with its user). */
  readonly keyStore?: KeyStore
  readonly version: string
  readonly labels: readonly Label[]
  readonly createdBy: string
  readonly now: Date
}

export async function insertCredential(
  { queries }: Queries,
  sealing: Sealing,
  credential: NewCredential,
): Promise<void> {
  const { id, keyStore } = credential
  await queries
    .insertInto('credentials')
    .values({
      id,
      account_id: credential.accountID,
      name: credential.name,
      key_type: credential.keyType ?? null,
      is_valid: credential.isValid,
      valid_from: credential.validFrom ?? null,
      valid_until: credential.validUntil ?? null,
      sealed_key_store: keyStore === undefined ? null : sealKeyStore(sealing, id, keyStore),
      version: credential.version,
      labels: JSON.stringify(credential.labels),
      created_at: credential.now,
      modified_at: credential.now,
      created_by: credential.createdBy,
    })
    .execute()
}

export interface CredentialChange {
  readonly name: string
  readonly keyType?: string
  readonly isValid?: boolean
  readonly validFrom?: Date
  readonly validUntil?: Date
  readonly keyStore?: KeyStore
  readonly version: string
  readonly labels?: readonly Label[]
  readonly modifiedBy: string
  readonly now: Date
}

/** What is absent stays. */
export async function updateCredential(
  { queries }: Queries,
  sealing: Sealing,
  { id, change }: { readonly id: string; readonly change: CredentialChange },
): Promise<void> {
  const { keyType, isValid, validFrom, validUntil, keyStore, labels } = change
  await queries
    .updateTable('credentials')
    .set({
      name: change.name,
      version: change.version,
      modified_at: change.now,
      modified_by: change.modifiedBy,
      ...(keyType === undefined ? {} : { key_type: keyType }),
      ...(isValid === undefined ? {} : { is_valid: isValid }),
      ...(validFrom === undefined ? {} : { valid_from: validFrom }),
      ...(validUntil === undefined ? {} : { valid_until: validUntil }),
      ...(keyStore === undefined ? {} : { sealed_key_store: sealKeyStore(sealing, id, keyStore) }),
      ...(labels === undefined ? {} : { labels: JSON.stringify(labels) }),
    })
    .where('id', '=', id)
    .execute()
}

export async function deleteCredential({ queries }: Queries, id: string): Promise<void> {
  await queries.deleteFrom('credentials').where('id', '=', id).execute()
}

/** Waits for and holds off every other change of the account's credentials. */
export async function lockCredentials({ queries }: Queries, accountID: string): Promise<void> {
  const lock = sql`select pg_advisory_xact_lock(hashtextextended(${`credentials ${accountID}`}, 0))`
  await lock.execute(queries)
}

export interface OpenedCredential {
  readonly keyType: string | undefined
  readonly isValid: boolean
  readonly validFrom: Date | undefined
  readonly validUntil: Date | undefined
  readonly keyStore: KeyStore
}

/** For the use alone, never for a log or an answer. Undefined when there is none. */
export async function openCredential(
  { queries }: Queries,
  sealing: Sealing,
  { accountID, id }: { readonly accountID: string; readonly id: string },
): Promise<OpenedCredential | undefined> {
  const row = await queries
    .selectFrom('credentials')
    .selectAll()
    .where('id', '=', id)
    .where('account_id', '=', accountID)
    .executeTakeFirst()
  if (row === undefined) return undefined
  const sealed = row.sealed_key_store
  return {
    keyType: row.key_type ?? undefined,
    isValid: row.is_valid,
    validFrom: row.valid_from ?? undefined,
    validUntil: row.valid_until ?? undefined,
    keyStore: sealed === null ? {} : unsealKeyStore(sealing, id, sealed),
  }
}

/** The key stores of all credentials of one type that the account has. */
export async function openCredentialsOfType(
  { queries }: Queries,
  sealing: Sealing,
  { accountID, keyType }: { readonly accountID: string; readonly keyType: string },
): Promise<{ readonly id: string; readonly name: string; readonly keyStore: KeyStore }[]> {
  const rows = await queries
    .selectFrom('credentials')
    .select(['id', 'name', 'sealed_key_store'])
    .where('account_id', '=', accountID)
    .where('key_type', '=', keyType)
    .execute()
  return rows.map(({ id, name, sealed_key_store: sealed }) => ({
    id,
    name,
    keyStore: sealed === null ? {} : unsealKeyStore(sealing, id, sealed),
  }))
}

/** The credential of this type and name, if the account has one. */
export async function findCredentialNamed(
  { queries }: Queries,
  wanted: { readonly accountID: string; readonly keyType: string; readonly name: string },
): Promise<string | undefined> {
  const row = await queries
    .selectFrom('credentials')
    .select('id')
    .where('account_id', '=', wanted.accountID)
    .where('key_type', '=', wanted.keyType)
    .where('name', '=', wanted.name)
    .executeTakeFirst()
  return row?.id
}

function sealKeyStore(sealing: Sealing, id: string, keyStore: KeyStore): Buffer {
  return sealing.seal(JSON.stringify(keyStore), keyStoreContext(id))
}

function unsealKeyStore(sealing: Sealing, id: string, sealed: Uint8Array): KeyStore {
  return JSON.parse(sealing.unseal(sealed, keyStoreContext(id))) as KeyStore
}

function keyStoreContext(id: string): string {
  return `credentials.sealed_key_store:${id}`
}
