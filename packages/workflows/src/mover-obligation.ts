// Settles what a mover left: its process is ended and waited for, then the command that it ran, then
// its locks are removed from the repositories that it had open, and only then the obligation is
// deleted.
import { deleteObligation, listObligations, type Obligation } from '@holdfast/db'
import type { MoverJobKind } from '@holdfast/domain'
import type { MoverToStop, Platform } from '@holdfast/platforms'
import { openRepository } from './open-repository.ts'
import type { Runtime } from './runtime.ts'
import { failureOf } from './workflow-failure.ts'

export interface MoverDetail {
  readonly job: MoverJobKind
  readonly repositoryIDs: readonly string[]
  readonly lockHostname: string
  /** Absent until the process was started and written down. */
  readonly pid?: number
  readonly startTime?: string
  /** Of the command that a stream job runs. */
  readonly commandID?: string
}

/** Its own mover of kind `unlock` is short and bounded; it leaves no obligation. */
const UNLOCK_TIMEOUT_MS = 60_000

export async function settleMover(
  runtime: Runtime,
  platform: Platform,
  obligationID: string,
): Promise<void> {
  const all = await listObligations(runtime.database, { kind: 'mover' })
  const obligation = all.find((one) => one.id === obligationID)
  if (obligation === undefined) return
  await endMoverOf(platform, obligation)
  const { repositoryIDs, lockHostname, pid } = obligation.detail as MoverDetail
  // One that was never written down as started belongs to an earlier start of the service, unless
  // it was ended before it could do anything.
  const isOurs = pid === undefined && lockHostname === runtime.lockHostname
  for (const repositoryID of isOurs ? [] : repositoryIDs) {
    await unlock(runtime, platform, {
      repositoryID,
      lockHostnames: [lockHostname],
      // Movers of this very start carry the same host name and may be at work.
      holderPIDs: pid === undefined ? undefined : [pid],
    })
  }
  await deleteObligation(runtime.database, obligation.id)
}

export async function endMoverOf(platform: Platform, obligation: Obligation): Promise<void> {
  const detail = obligation.detail as MoverDetail
  const { pid, startTime } = detail
  const isKnown = pid !== undefined && startTime !== undefined
  await endMover(platform, { id: obligation.id, ...(isKnown ? { pid, startTime } : {}) }, detail)
}

/**
 * Its command ends first: the end of a mover is the end of the command's input, which would tell it
 * that it has all of it. A mover that was about to start it may still have done so.
 */
export async function endMover(
  platform: Platform,
  mover: MoverToStop,
  detail: Pick<MoverDetail, 'commandID'>,
): Promise<void> {
  await endCommandOf(platform, detail)
  await platform.stopMover(mover)
  await endCommandOf(platform, detail)
}

/** One whose mover is gone reads or writes to nobody. */
export async function endCommandOf(
  platform: Platform,
  { commandID }: Pick<MoverDetail, 'commandID'>,
): Promise<void> {
  if (commandID !== undefined) await platform.stopHook(commandID)
}

/** Runs an `unlock` mover. A repository that is gone has no locks. */
export async function unlock(
  runtime: Runtime,
  platform: Platform,
  locks: {
    readonly repositoryID: string
    readonly lockHostnames: readonly string[]
    readonly holderPIDs: readonly number[] | undefined
  },
): Promise<void> {
  try {
    const mover = await platform.startMover(runtime.randomUUID(), {
      kind: 'unlock',
      repository: await openRepository(runtime, locks.repositoryID),
      lockHostnames: locks.lockHostnames,
      ...(locks.holderPIDs === undefined ? {} : { holderPIDs: locks.holderPIDs }),
    })
    const signal = AbortSignal.any([runtime.closing, AbortSignal.timeout(UNLOCK_TIMEOUT_MS)])
    for await (const event of mover.events(signal)) {
      if (event.event === 'failed') throw Object.assign(new Error(event.failure.code), event)
    }
  } catch (error) {
    const failure = unlockFailure(error)
    if (failure === 'repository-not-found') return
    throw error
  }
}

function unlockFailure(error: unknown): string {
  if (error instanceof Error && 'failure' in error) {
    return (error.failure as { code: string }).code
  }
  return failureOf(error).code
}
