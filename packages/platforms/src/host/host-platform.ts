// The platform of a host: namespaces and volumes are directories below one root.

import type { Location } from '@holdfast/domain'
import { encodePathBytes } from '@holdfast/domain'
import { readMounts } from '@holdfast/filesystem'
import type { Platform } from '../platform.ts'
import { commitHostRestore } from './commit-restore.ts'
import { discoverHost } from './discover.ts'
import { stopMoverProcess } from './find-mover.ts'
import { findHoles } from './holes.ts'
import { startMoverProcess } from './mover-process.ts'
import { prepareHostRestore } from './prepare-restore.ts'
import type { RestoreContext } from './restore-context.ts'
import { stageHostSnapshot } from './stage-volume-snapshot.ts'
import { finishHostRestore, rollbackHostRestore } from './undo-restore.ts'
import { LOOSE_ENTRIES_KEY } from './volume-names.ts'
import { openExistingVolume, type VolumeID } from './volume-site.ts'
import { deleteHostSnapshot, locateHostSnapshot, snapshotHostVolume } from './volume-snapshot.ts'
import { listOwnedOnHost } from './work-areas.ts'

export interface HostPlatformOptions {
  /** An existing directory: `<namespace>/<volume>/` below it. */
  readonly hostRoot: string
  /** A directory of the service's own, durable, where no app can write; made when missing. */
  readonly stateDir: string
  /** Program and arguments that run a mover, such as `[process.execPath, launcher, 'mover']`. */
  readonly moverCommand: readonly string[]
  /** All of a mover's environment; never secrets. */
  readonly moverEnvironment: Readonly<Record<string, string>>
  readonly clock: () => Date
  /** See `RestoreContext.observe`; for tests. */
  readonly observe?: RestoreContext['observe']
}

export function createHostPlatform(options: HostPlatformOptions): Platform {
  const { hostRoot, stateDir, clock } = options
  const restores: RestoreContext = { hostRoot, stateDir, observe: options.observe ?? ignore }
  return {
    discover: ({ namespaces }, signal) => discoverHost({ hostRoot, namespaces }, signal),
    snapshotVolume: (request, signal) =>
      snapshotHostVolume({ hostRoot, now: clock }, request, signal),
    locateSnapshot: (handle) => locateHostSnapshot(hostRoot, handle),
    locateVolume: (volume) => locateLiveVolume(hostRoot, volume),
    deleteVolumeSnapshot: (handle, signal) => deleteHostSnapshot(hostRoot, handle, signal),
    prepareRestore: (request, signal) => prepareHostRestore(restores, request, signal),
    stageSnapshot: (request, signal) => stageHostSnapshot(restores, request, signal),
    commitRestore: (id, signal) => commitHostRestore(restores, id, signal),
    rollbackRestore: (id, signal) => rollbackHostRestore(restores, id, signal),
    finishRestore: (id, signal) => finishHostRestore(restores, id, signal),
    startMover: (id, job) => startMoverProcess(options, id, job),
    stopMover: stopMoverProcess,
    listOwned: () => listOwnedOnHost(hostRoot, stateDir),
  }
}

function ignore(): void {
  // Nobody watches.
}

async function locateLiveVolume(
  hostRoot: string,
  volume: VolumeID,
): Promise<Extract<Location, { kind: 'directory' }>> {
  using site = openExistingVolume(hostRoot, volume)
  const path = encodePathBytes(site.directory.path)
  if (volume.key === LOOSE_ENTRIES_KEY) return { kind: 'directory', path, looseEntriesOnly: true }
  const holes = findHoles(site.directory, await readMounts('self'))
  const holdsWorkArea = site.areaPlace === 'volume'
  return { kind: 'directory', path, ...(holdsWorkArea ? { holdsWorkArea } : {}), holes }
}
