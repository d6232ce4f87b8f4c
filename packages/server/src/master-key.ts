// The master key: a file of its own, so that a copy of the database alone opens no secret.
import { randomBytes } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import {
  countSealedValues,
  createSealing,
  type Database,
  DatabaseError,
  findInstallation,
  type Installation,
  MASTER_KEY_BYTES,
  registerInstallation,
  replaceMasterKeyFingerprint,
  type Sealing,
} from '@holdfast/db'
import { writePrivateFile } from './durable-file.ts'
import { ServerError } from './server-error.ts'

export interface Unlocked {
  readonly sealing: Sealing
  readonly installation: Installation
}

/**
 * Reads the key, or makes it where nothing was sealed yet, and registers its fingerprint with the
 * database. Fails with `master-key-missing` or `master-key-other` (DatabaseError) while the
 * database holds values that only the right key opens.
 */
export async function unlockSecrets(
  database: Database,
  { file, installationID }: { readonly file: string; readonly installationID: string },
): Promise<Unlocked> {
  const found = await findInstallation(database)
  const hasSealed = found !== undefined && (await countSealedValues(database)) > 0
  const present = await readMasterKey(file)
  if (present === undefined && hasSealed) {
    throw new DatabaseError({ code: 'master-key-missing', expected: found.masterKeyFingerprint })
  }
  const sealing = createSealing(present ?? (await makeMasterKey(file)))
  const installation = await registerInstallation(database, {
    id: installationID,
    masterKeyFingerprint: sealing.keyID,
  })
  if (installation.masterKeyFingerprint === sealing.keyID) return { sealing, installation }
  if (await replaceMasterKeyFingerprint(database, sealing.keyID)) {
    return { sealing, installation: { ...installation, masterKeyFingerprint: sealing.keyID } }
  }
  throw new DatabaseError({
    code: 'master-key-other',
    expected: installation.masterKeyFingerprint,
    found: sealing.keyID,
  })
}

/** Undefined when there is no file. */
export async function readMasterKey(file: string): Promise<Buffer | undefined> {
  const text = await readFile(file, 'utf8').catch((error) => {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw new ServerError({ code: 'master-key-invalid', file, reason: message }, error)
  })
  if (text === undefined) return undefined
  const key = Buffer.from(text.trim(), 'base64')
  // Decoding skips what is no base64, so the way back must give the same text.
  if (key.length !== MASTER_KEY_BYTES || key.toString('base64') !== text.trim()) {
    const reason = `it does not hold ${MASTER_KEY_BYTES} bytes in base64`
    throw new ServerError({ code: 'master-key-invalid', file, reason })
  }
  return key
}

async function makeMasterKey(file: string): Promise<Buffer> {
  const key = randomBytes(MASTER_KEY_BYTES)
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await writePrivateFile(file, `${key.toString('base64')}\n`)
  return key
}
