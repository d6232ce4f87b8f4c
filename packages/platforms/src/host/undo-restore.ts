// Ends restores: back to what was before, or on, without what was replaced.
import { rmdirSync } from 'node:fs'
import { errnoName, flushFilesystemInBackground } from '@holdfast/filesystem'
import { PlatformError } from '../platform-error.ts'
import { flushDirectory } from './durable-file.ts'
import { openVolumeExchange, type VolumeExchange } from './exchange-directories.ts'
import { undoStep } from './exchange-step.ts'
import { readSteps } from './exchange-steps-file.ts'
import { reopenDirectory } from './open-directory.ts'
import type { RestoreContext } from './restore-context.ts'
import {
  type RestoreJournal,
  readJournal,
  removeJournal,
  stepsPath,
  writeJournal,
} from './restore-journal.ts'
import { removeStaging } from './staging.ts'
import { openHostRoot } from './volume-site.ts'
import { eachWorkArea } from './work-areas.ts'
import { workName } from './work-name.ts'

/** Before the exchange: removes the staging. After it: exchanges back first. Missing is success. */
export async function rollbackHostRestore(
  context: RestoreContext,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  const journal = await readJournal(context.stateDir, id)
  // Of a restore that is being finished, parts of what it replaced may be gone: it goes on.
  const canGoBack = journal !== undefined && !['staged', 'finishing'].includes(journal.state)
  if (canGoBack) await undoExchange(context, journal)
  await discardStaging(context, id, signal)
}

/** Removes the replaced trees and the journal. Missing is success. */
export async function finishHostRestore(
  context: RestoreContext,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  const journal = await readJournal(context.stateDir, id)
  if (journal === undefined) return await discardStaging(context, id, signal)
  if (journal.state !== 'exchanged' && journal.state !== 'finishing') {
    const reason = `it is ${journal.state}, not exchanged; commit it or roll it back`
    throw new PlatformError({ code: 'exchange-failed', path: workName('restore', id), reason })
  }
  await writeJournal(context.stateDir, { ...journal, state: 'finishing', createdNamespaces: [] })
  await discardStaging(context, id, signal)
}

/** Puts everything back; afterwards the restore is `staged`. Repeating it is harmless. */
export async function undoExchange(
  context: RestoreContext,
  journal: RestoreJournal,
): Promise<void> {
  await writeJournal(context.stateDir, { ...journal, state: 'rolling-back' })
  using opened = new DisposableStack()
  const exchanges = journal.volumes.map((volume) =>
    opened.use(openVolumeExchange({ context, id: journal.id, volume })),
  )
  let number = 0
  for await (const step of readSteps(stepsPath(context.stateDir, journal.id))) {
    const exchange = exchanges[step.volume]
    // Without its namespace nothing of the volume was exchanged, or all of it is lost anyway.
    if (exchange !== undefined) undoStep(exchange, step)
    await context.observe(`undo-${number}-done`)
    number += 1
  }
  for (const exchange of exchanges) await flushExchange(exchange)
  await writeJournal(context.stateDir, { ...journal, state: 'staged' })
}

/** Missing is success; without a journal all work areas are searched. */
export async function discardStaging(
  context: RestoreContext,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  const journal = await readJournal(context.stateDir, id)
  for (const { area } of eachWorkArea(context.hostRoot)) {
    // The walk goes on only after the removal, but it may be given up in between.
    using kept = reopenDirectory(area)
    await removeStaging(kept, id, signal)
  }
  if (journal !== undefined) removeEmptyNamespaces(context, journal)
  await removeJournal(context.stateDir, id)
}

async function flushExchange(exchange: VolumeExchange | undefined): Promise<void> {
  if (exchange === undefined) return
  await flushDirectory(exchange.target.entryPath('.'))
  await flushDirectory(exchange.staging.entryPath('.'))
  await flushFilesystemInBackground(exchange.staging.handle)
}

/** Those that the exchange made; not one into which somebody has put something since. */
function removeEmptyNamespaces(context: RestoreContext, journal: RestoreJournal): void {
  using root = openHostRoot(context.hostRoot)
  for (const namespace of journal.createdNamespaces) {
    try {
      rmdirSync(root.entryPath(namespace))
    } catch (error) {
      const errno = errnoName(error)
      if (errno !== 'ENOENT' && errno !== 'ENOTEMPTY') throw error
    }
  }
}
