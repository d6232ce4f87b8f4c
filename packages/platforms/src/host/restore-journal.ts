// What a restore has begun, durably: enough to go on or to go back after a crash.
//
// States: `staged` (trees are being filled; nothing of the app has changed) → `exchanging` (the
// steps are written down; some may be done) → `exchanged` → `finishing` (replaced trees go) →
// no journal. From `exchanging` and `exchanged` also → `rolling-back` → `staged` → no journal.
// It lies in the service's own state, where no app can write.
import { mkdirSync, readdirSync } from 'node:fs'
import { errnoName } from '@holdfast/filesystem'
import type { NewNamespace } from '../platform.ts'
import { readIfExists, removeDurably, writeDurably } from './durable-file.ts'
import type { VolumeID } from './volume-site.ts'
import type { WorkAreaPlace } from './work-area.ts'

export type RestoreState = 'staged' | 'exchanging' | 'exchanged' | 'rolling-back' | 'finishing'

export interface JournalVolume extends VolumeID {
  /** Its staging is `<index>.tree`, what it replaces goes to `<index>.old`. */
  readonly index: number
  /** `whole`: one exchange. `entries`: one by one, where the directory itself must stay. */
  readonly manner: 'whole' | 'entries'
  readonly isSubvolume: boolean
  readonly place: WorkAreaPlace
  /** Decimal digits; see `SnapshotRecord`. */
  readonly areaInode: string
}

export interface RestoreJournal {
  readonly version: 1
  readonly id: string
  readonly state: RestoreState
  readonly allowInUse: boolean
  readonly volumes: readonly JournalVolume[]
  /** Made by the exchange, so removed when it is rolled back. */
  readonly createdNamespaces: readonly string[]
  /** Those that must not exist before it. Absent in journals of restores in place. */
  readonly newNamespaces?: readonly NewNamespace[]
}

export async function readJournal(
  stateDir: string,
  id: string,
): Promise<RestoreJournal | undefined> {
  const text = await readIfExists({ directory: restoresDirectory(stateDir), name: fileName(id) })
  return text === undefined ? undefined : (JSON.parse(text) as RestoreJournal)
}

/** Durable when it resolves. Answers the journal, for the next step. */
export async function writeJournal(
  stateDir: string,
  journal: RestoreJournal,
): Promise<RestoreJournal> {
  const directory = restoresDirectory(stateDir)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  await writeDurably({ directory, name: fileName(journal.id) }, `${JSON.stringify(journal)}\n`)
  return journal
}

/** Missing is success. The journal goes first: without one nobody reads the steps. */
export async function removeJournal(stateDir: string, id: string): Promise<void> {
  const directory = restoresDirectory(stateDir)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  await removeDurably({ directory, name: fileName(id) })
  await removeDurably({ directory, name: stepsFileName(id) })
}

export function listJournalIDs(stateDir: string): string[] {
  try {
    return readdirSync(restoresDirectory(stateDir))
      .filter((name) => name.endsWith(SUFFIX))
      .map((name) => name.slice(0, -SUFFIX.length))
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return []
    throw error
  }
}

export function stepsPath(stateDir: string, id: string): string {
  return `${restoresDirectory(stateDir)}/${stepsFileName(id)}`
}

const SUFFIX = '.json'

function restoresDirectory(stateDir: string): string {
  return `${stateDir}/restores`
}

function fileName(id: string): string {
  return `${id}${SUFFIX}`
}

function stepsFileName(id: string): string {
  return `${id}.steps`
}
