// What the key store of each type of credential must hold. Faults name entries, never values.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { decodeKeyStore, type KeyStore } from '@holdfast/db'
import { readS3Keys } from '@holdfast/domain'
import type { InvalidMember } from './operation-failure.ts'

export const KEY_TYPES = [
  'generic',
  'passwordHash',
  'apikey',
  'kubeconfig',
  'certificate',
  'privkey',
  's3',
] as const
export type KeyType = (typeof KEY_TYPES)[number]

/** Empty when the key store is right. `passwordHash` and `kubeconfig` have rules of their own. */
export function keyStoreFaults(keyType: KeyType | undefined, keyStore: KeyStore): InvalidMember[] {
  switch (keyType) {
    case undefined:
    case 'generic':
      return Object.keys(keyStore).length === 0
        ? [{ name: 'keyStore', reason: 'must have at least one entry' }]
        : []
    case 'apikey':
      return missingEntries(keyStore, ['apikey'])
    case 'certificate':
      return pemFaults(keyStore, { entry: 'certificate', isReadable: isCertificate })
    case 'privkey':
      return pemFaults(keyStore, { entry: 'privkey', isReadable: isPrivateKey })
    case 's3':
      return s3Faults(keyStore)
    case 'passwordHash':
      return missingEntries(keyStore, ['cleartext'])
    case 'kubeconfig':
      return kubeconfigEntryFaults(keyStore)
    default: {
      const never: never = keyType
      return never
    }
  }
}

export interface NewPasswordEntries {
  readonly password: string
  readonly isChangeNeeded: boolean
}

/** Of a `passwordHash`. */
export function readPasswordEntries(
  keyStore: KeyStore,
): NewPasswordEntries | { readonly faults: readonly InvalidMember[] } {
  const { cleartext = '', change = 'false' } = decodeKeyStore(keyStore)
  if (change !== 'true' && change !== 'false') {
    return { faults: [{ name: 'keyStore.change', reason: 'must be true or false, in base64' }] }
  }
  return { password: cleartext, isChangeNeeded: change === 'true' }
}

/** The address of the one cluster that a kubeconfig describes, or why it describes none. */
export function readKubeconfig(
  keyStore: KeyStore,
): { readonly server: string } | { readonly reason: string } {
  const { base64: text = '' } = decodeKeyStore(keyStore)
  const config = parseObject(text)
  if (config === undefined) return { reason: 'It is no JSON object; convert it from YAML.' }
  const { clusters, users } = config
  if (!Array.isArray(clusters) || clusters.length !== 1) {
    return { reason: 'It must describe exactly one cluster.' }
  }
  if (!Array.isArray(users) || users.length === 0) return { reason: 'It names no user.' }
  const [entry] = clusters as ({ readonly cluster?: { readonly server?: unknown } } | null)[]
  const server = entry?.cluster?.server
  const url = typeof server === 'string' ? URL.parse(server) : null
  if (url === null || !['https:', 'http:'].includes(url.protocol)) {
    return { reason: 'Its cluster has no address that begins with https://.' }
  }
  return { server: url.href }
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    return value as Readonly<Record<string, unknown>>
  } catch {
    // Why it is none is not told: the message of the parser repeats what it read.
    return undefined
  }
}

function missingEntries(keyStore: KeyStore, names: readonly string[]): InvalidMember[] {
  return names
    .filter((name) => (keyStore[name] ?? '') === '')
    .map((name) => ({ name: `keyStore.${name}`, reason: 'is required' }))
}

function kubeconfigEntryFaults(keyStore: KeyStore): InvalidMember[] {
  const missing = missingEntries(keyStore, ['base64'])
  const others = Object.keys(keyStore).filter((name) => name !== 'base64')
  return [
    ...missing,
    ...others.map((name) => ({
      name: `keyStore.${name}`,
      reason: 'is not known here; a kubeconfig has the entry base64 alone',
    })),
  ]
}

interface PemEntry {
  readonly entry: string
  readonly isReadable: (pem: string) => boolean
}

function pemFaults(keyStore: KeyStore, { entry, isReadable }: PemEntry): InvalidMember[] {
  const missing = missingEntries(keyStore, [entry])
  if (missing.length > 0) return missing
  if (isReadable(decodeKeyStore(keyStore)[entry] ?? '')) return []
  return [{ name: `keyStore.${entry}`, reason: `must hold a ${entry} in PEM` }]
}

function isCertificate(pem: string): boolean {
  return canRead(() => new X509Certificate(pem))
}

function isPrivateKey(pem: string): boolean {
  // One with a passphrase cannot be opened here, only known by its label.
  if (/^-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(pem)) return true
  return /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem) && canRead(() => createPrivateKey(pem))
}

function canRead(read: () => unknown): boolean {
  try {
    read()
    return true
  } catch {
    return false
  }
}

function s3Faults(keyStore: KeyStore): InvalidMember[] {
  const text = decodeKeyStore(keyStore)
  const read = readS3Keys(text)
  const faults = 'faults' in read ? read.faults : []
  const members = faults.map(({ name, reason }) => ({ name: `keyStore.${name}`, reason }))
  const authority = text.certificateAuthority ?? ''
  const isNamed = members.some(({ name }) => name === 'keyStore.certificateAuthority')
  if (authority !== '' && !isNamed && !isCertificate(authority)) {
    const reason = 'must hold certificates in PEM'
    members.push({ name: 'keyStore.certificateAuthority', reason })
  }
  return members
}
