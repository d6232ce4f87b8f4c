// Unlocks the secrets of the database with the master key: a file of its own, so that a copy of
// the database alone opens no secret.
import {
  createSealing,
  type Database,
  DatabaseError,
  findInstallation,
  type Installation,
  listSealingKeyIDs,
  registerInstallation,
  replaceMasterKeyFingerprint,
  type Sealing,
} from '@holdfast/db'
import {
  type MasterKeys,
  makeMasterKey,
  readMasterKeys,
  writeMasterKeys,
} from './master-key-file.ts'

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
  const present = await readMasterKeys(file)
  if (present === undefined) await refuseWithoutKey(database)
  const sealing = createSealing(...toSealing(present ?? (await makeKeyFile(file))))
  const installation = await registerInstallation(database, {
    id: installationID,
    masterKeyFingerprint: sealing.keyID,
  })
  await refuseOtherKey(database, sealing)
  if (installation.masterKeyFingerprint === sealing.keyID) return { sealing, installation }
  // Nothing is sealed yet, or all of it opens: the key was changed, or is being changed.
  if (await replaceMasterKeyFingerprint(database, sealing)) {
    return { sealing, installation: { ...installation, masterKeyFingerprint: sealing.keyID } }
  }
  throw otherKey(installation.masterKeyFingerprint, sealing)
}

/** Arguments of `createSealing`. */
export function toSealing([newest, ...older]: MasterKeys): Parameters<typeof createSealing> {
  return [newest, older]
}

/** Fails with `master-key-other` when a value is sealed with a key that is not there. */
export async function refuseOtherKey(database: Database, sealing: Sealing): Promise<void> {
  const used = await listSealingKeyIDs(database)
  const missing = used.find((keyID) => !sealing.keyIDs.includes(keyID))
  if (missing !== undefined) throw otherKey(missing, sealing)
}

async function refuseWithoutKey(database: Database): Promise<void> {
  const installation = await findInstallation(database)
  if (installation === undefined || (await listSealingKeyIDs(database)).length === 0) return
  const expected = installation.masterKeyFingerprint
  throw new DatabaseError({ code: 'master-key-missing', expected })
}

async function makeKeyFile(file: string): Promise<MasterKeys> {
  const keys = [makeMasterKey()] as const
  await writeMasterKeys(file, keys)
  return keys
}

function otherKey(expected: string, { keyIDs }: Sealing): DatabaseError {
  return new DatabaseError({ code: 'master-key-other', expected, found: keyIDs.join(', ') })
}
