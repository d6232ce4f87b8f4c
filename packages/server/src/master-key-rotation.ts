// `holdfast master-key rotate`: a new master key, and everything that is sealed sealed with it.
//
//   one key ─► the file holds the new and the old key ─► the database knows the new one
//     ─► value after value is sealed anew ─► the file holds the new key alone
//
// Whatever interrupts it, the file has every key that something is sealed with: the service starts
// as before, and the next call goes on where this one was. The service must be stopped, since a
// running one knows only the keys that it was started with.
import {
  createSealing,
  type Database,
  DatabaseError,
  findInstallation,
  replaceMasterKeyFingerprint,
  sealAllAnew,
} from '@holdfast/db'
import type { ServiceConfig } from './config.ts'
import { withStoppedService } from './installation-access.ts'
import type { Log } from './log.ts'
import { refuseOtherKey, toSealing } from './master-key.ts'
import {
  type MasterKeys,
  makeMasterKey,
  readMasterKeys,
  writeMasterKeys,
} from './master-key-file.ts'
import { ServerError } from './server-error.ts'

export interface MasterKeyRotation {
  /** Of the new key. */
  readonly fingerprint: string
  /** Values that were sealed anew by this call. */
  readonly sealedAnew: number
  /** True when this call went on with one that was interrupted. */
  readonly isContinued: boolean
}

export function rotateMasterKey(
  config: ServiceConfig,
  { log }: { readonly log: Log },
): Promise<MasterKeyRotation> {
  return withStoppedService(config, { log }, async (database) => {
    const installation = await findInstallation(database)
    if (installation === undefined) throw new ServerError({ code: 'not-set-up', home: config.home })
    return await rotateKeysOf(database, {
      file: config.masterKeyFile,
      expected: installation.masterKeyFingerprint,
    })
  })
}

interface KeyFile {
  readonly file: string
  /** Fingerprint of the key that the database wants. */
  readonly expected: string
}

/** Exported for tests, which interrupt it. */
export async function rotateKeysOf(
  database: Database,
  { file, expected }: KeyFile,
): Promise<MasterKeyRotation> {
  const present = await readMasterKeys(file)
  if (present === undefined) throw new DatabaseError({ code: 'master-key-missing', expected })
  const isContinued = present.length > 1
  const keys: MasterKeys = isContinued ? present : [makeMasterKey(), ...present]
  const sealing = createSealing(...toSealing(keys))
  await refuseOtherKey(database, sealing)
  if (!sealing.keyIDs.includes(expected)) {
    throw new DatabaseError({
      code: 'master-key-other',
      expected,
      found: createSealing(...toSealing(present)).keyIDs.join(', '),
    })
  }
  if (!isContinued) await writeMasterKeys(file, keys)
  // Before the first value is sealed anew: from now on a file with the old key alone is refused.
  await replaceMasterKeyFingerprint(database, sealing)
  const sealedAnew = await sealAllAnew(database, sealing)
  await refuseOtherKey(database, createSealing(keys[0]))
  await writeMasterKeys(file, [keys[0]])
  return { fingerprint: sealing.keyID, sealedAnew, isContinued }
}
