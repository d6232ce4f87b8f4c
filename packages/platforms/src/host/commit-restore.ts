// Brings all staged trees of a restore into their places, or none of them.
import { flushFilesystemInBackground } from '@holdfast/filesystem'
import { PlatformError, platformFailureOf } from '../platform-error.ts'
import { flushDirectory } from './durable-file.ts'
import { openVolumeExchange, requireStaging, type VolumeExchange } from './exchange-directories.ts'
import { carryOutStep, type ExchangeStep } from './exchange-step.ts'
import { readSteps, writeSteps } from './exchange-steps-file.ts'
import { makeNamespaces } from './make-namespaces.ts'
import { planExchange } from './plan-exchange.ts'
import { refuseInUse, type VolumeInQuestion } from './process-use.ts'
import type { RestoreContext } from './restore-context.ts'
import { type RestoreJournal, readJournal, stepsPath, writeJournal } from './restore-journal.ts'
import { undoExchange } from './undo-restore.ts'
import { openVolumeSite } from './volume-site.ts'
import { workName } from './work-name.ts'

/** `signal` counts until the first exchange; from then on it goes to one of its ends. */
export async function commitHostRestore(
  context: RestoreContext,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  const journal = await readJournal(context.stateDir, id)
  if (journal === undefined) throw failure(id, 'nothing is staged for it')
  switch (journal.state) {
    case 'exchanged':
    case 'finishing':
      return
    case 'staged':
      return await exchange(context, await begin(context, journal, signal))
    case 'exchanging':
      return await exchange(context, journal)
    case 'rolling-back':
      await undoExchange(context, journal)
      throw failure(id, 'it was interrupted while it was being rolled back, which is now done')
    default: {
      const never: never = journal.state
      return never
    }
  }
}

/** Decides all steps and makes everything durable that they rely on. */
async function begin(
  context: RestoreContext,
  staged: RestoreJournal,
  signal: AbortSignal,
): Promise<RestoreJournal> {
  if (!staged.allowInUse) await refuseInUse(questions(context, staged), signal)
  const journal = await makeNamespaces(context, staged)
  using opened = new DisposableStack()
  const exchanges = openExchanges(context, journal, opened)
  await writeSteps(stepsPath(context.stateDir, journal.id), planAll(journal, exchanges))
  await flushDirectory(`${context.stateDir}/restores`)
  await flushStagings(context, journal)
  signal.throwIfAborted()
  return await writeJournal(context.stateDir, { ...journal, state: 'exchanging' })
}

async function exchange(context: RestoreContext, journal: RestoreJournal): Promise<void> {
  try {
    await context.observe('exchange-begun')
    using opened = new DisposableStack()
    const exchanges = openExchanges(context, journal, opened)
    let number = 0
    for await (const step of readSteps(stepsPath(context.stateDir, journal.id))) {
      await context.observe(`step-${number}-begun`)
      carryOutStep(exchangeOf(exchanges, step), step)
      await context.observe(`step-${number}-done`)
      number += 1
    }
    for (const { target } of exchanges) await flushDirectory(target.entryPath('.'))
    await flushStagings(context, journal)
  } catch (error) {
    await undoAfter(context, journal, error)
    throw toExchangeError(error, journal.id)
  }
  await writeJournal(context.stateDir, { ...journal, state: 'exchanged' })
  await context.observe('exchange-done')
}

async function undoAfter(
  context: RestoreContext,
  journal: RestoreJournal,
  error: unknown,
): Promise<void> {
  try {
    await undoExchange(context, journal)
  } catch (undoError) {
    const reasons = [error, undoError].map((it) => (it instanceof Error ? it.message : String(it)))
    throw failure(journal.id, `a step failed, and so did going back: ${reasons.join('; ')}`)
  }
}

function questions(context: RestoreContext, journal: RestoreJournal): VolumeInQuestion[] {
  return journal.volumes.flatMap((volume) => {
    using site = openVolumeSite(context.hostRoot, volume)
    const { namespace, key, manner } = volume
    if (site.directory === undefined) return []
    const looseEntriesOnly = site.name === undefined
    const { path } = site.directory
    return [{ namespace, key, path, looseEntriesOnly, isExchangedWhole: manner === 'whole' }]
  })
}

function openExchanges(
  context: RestoreContext,
  { id, volumes }: RestoreJournal,
  opened: DisposableStack,
): VolumeExchange[] {
  return volumes.map((volume) => {
    const exchange = opened.use(openVolumeExchange({ context, id, volume }))
    if (exchange === undefined) throw failure(id, `namespace ${volume.namespace} has vanished`)
    return exchange
  })
}

function* planAll(
  journal: RestoreJournal,
  exchanges: readonly VolumeExchange[],
): Generator<ExchangeStep> {
  for (const exchange of exchanges) {
    const isNamespaceNew = journal.createdNamespaces.includes(exchange.volume.namespace)
    yield* planExchange({ exchange, isNamespaceNew })
  }
}

/**
 * Before the exchange: every byte and name of the staged trees is on the disk before the first of
 * them is used. After it: so is everything that was moved.
 */
async function flushStagings(context: RestoreContext, journal: RestoreJournal): Promise<void> {
  const flushed = new Set<bigint>()
  for (const volume of journal.volumes) {
    using staging = requireStaging({ context, id: journal.id, volume })
    const { device } = staging.status()
    if (!flushed.has(device)) await flushFilesystemInBackground(staging.handle)
    flushed.add(device)
    await flushDirectory(staging.entryPath('.'))
  }
}

function exchangeOf(exchanges: readonly VolumeExchange[], step: ExchangeStep): VolumeExchange {
  const exchange = exchanges[step.volume]
  if (exchange === undefined) throw new TypeError(`a step of volume ${step.volume}, unknown`)
  return exchange
}

function failure(id: string, reason: string): PlatformError {
  return new PlatformError({ code: 'exchange-failed', path: workName('restore', id), reason })
}

function toExchangeError(error: unknown, id: string): unknown {
  if (platformFailureOf(error) !== undefined || !(error instanceof Error)) return error
  const path = workName('restore', id)
  const reason = `everything is as before, since a step failed: ${error.message}`
  return new PlatformError({ code: 'exchange-failed', path, reason }, { cause: error })
}
