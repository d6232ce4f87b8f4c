// The platform of a host: namespaces and volumes are directories below one root.

import type { Location } from '@holdfast/domain'
import { encodePathBytes } from '@holdfast/domain'
import { readMounts } from '@holdfast/filesystem'
import type {
  Platform,
  PlatformFailure,
  SnapshotVolumeRequest,
  VolumeSnapshotHandle,
} from '../platform.ts'
import { classifyErrors } from './classify-errors.ts'
import { commitHostRestore } from './commit-restore.ts'
import { discoverHost } from './discover.ts'
import { stopMoverProcess } from './find-mover.ts'
import { findHoles } from './holes.ts'
import { locateHostCommand } from './locate-command.ts'
import { startMoverProcess } from './mover-process.ts'
import { prepareHostRestore } from './prepare-restore.ts'
import type { RestoreContext } from './restore-context.ts'
import { runHostHook, stopHostHook } from './run-hook.ts'
import { stageHostSnapshot } from './stage-volume-snapshot.ts'
import { finishHostRestore, rollbackHostRestore } from './undo-restore.ts'
import { LOOSE_ENTRIES_KEY } from './volume-names.ts'
import { openExistingVolume, type VolumeID } from './volume-site.ts'
import { deleteHostSnapshot, locateHostSnapshot, snapshotHostVolume } from './volume-snapshot.ts'
import { listOwnedOnHost } from './work-areas.ts'
import { workName } from './work-name.ts'

export interface HostPlatformOptions {
  /** An existing directory: `<namespace>/<volume>/` below it. */
  readonly hostRoot: string
  /** A directory of the service's own, durable, where no app can write; made when missing. */
  readonly stateDir: string
  /** Program and arguments that run a mover, such as `[process.execPath, launcher, 'mover']`. */
  readonly moverCommand: readonly string[]
  /** All of a mover's environment; never secrets. */
  readonly moverEnvironment: Readonly<Record<string, string>>
  /** Hooks may run as the superuser where their makers may, too. Not when absent. */
  readonly allowsCommandsAsRoot?: boolean
  readonly clock: () => Date
  /** See `RestoreContext.observe`; for tests. */
  readonly observe?: RestoreContext['observe']
}

export function createHostPlatform(options: HostPlatformOptions): Platform {
  const { hostRoot, stateDir, clock } = options
  const restores: RestoreContext = { hostRoot, stateDir, observe: options.observe ?? ignore }
  const snapshots = { hostRoot, now: clock }
  const hooks = { hostRoot, stateDir, allowsRoot: options.allowsCommandsAsRoot === true }
  return {
    discover: ({ namespaces }, signal) =>
      classifyErrors(unreachable, () => discoverHost({ hostRoot, namespaces }, signal)),
    snapshotVolume: (request, signal) =>
      classifyErrors(snapshotFailed(request), () => snapshotHostVolume(snapshots, request, signal)),
    locateSnapshot: (handle) =>
      classifyErrors(snapshotFailed(handle), () => locateHostSnapshot(hostRoot, handle)),
    locateVolume: (volume) => classifyErrors(unreachable, () => locateLiveVolume(hostRoot, volume)),
    deleteVolumeSnapshot: (handle, signal) =>
      classifyErrors(snapshotFailed(handle), () => deleteHostSnapshot(hostRoot, handle, signal)),
    prepareRestore: (request, signal) =>
      classifyErrors(targetNotWritable(hostRoot), () =>
        prepareHostRestore(restores, request, signal),
      ),
    stageSnapshot: (request, signal) =>
      classifyErrors(exchangeFailed(request.id), () =>
        stageHostSnapshot(restores, request, signal),
      ),
    commitRestore: (id, signal) =>
      classifyErrors(exchangeFailed(id), () => commitHostRestore(restores, id, signal)),
    rollbackRestore: (id, signal) =>
      classifyErrors(exchangeFailed(id), () => rollbackHostRestore(restores, id, signal)),
    finishRestore: (id, signal) =>
      classifyErrors(exchangeFailed(id), () => finishHostRestore(restores, id, signal)),
    startMover: (id, job) => startMoverProcess(options, id, job),
    stopMover: stopMoverProcess,
    runHook: (request, signal) =>
      classifyErrors(unreachable, () => runHostHook(hooks, request, signal)),
    locateCommand: (request) =>
      classifyErrors(unreachable, () => locateHostCommand(hooks, request)),
    stopHook: (id) => classifyErrors(unreachable, () => stopHostHook(id)),
    listOwned: () => classifyErrors(unreachable, () => listOwnedOnHost(hostRoot, stateDir)),
  }
}

function unreachable(reason: string): PlatformFailure {
  return { code: 'platform-unreachable', reason }
}

function snapshotFailed({
  namespace,
  key,
}: SnapshotVolumeRequest | VolumeSnapshotHandle): (reason: string) => PlatformFailure {
  return (reason) => ({ code: 'snapshot-failed', path: `/${namespace}/${key}`, reason })
}

function targetNotWritable(path: string): (reason: string) => PlatformFailure {
  return (reason) => ({ code: 'target-not-writable', path, reason })
}

function exchangeFailed(id: string): (reason: string) => PlatformFailure {
  return (reason) => ({ code: 'exchange-failed', path: workName('restore', id), reason })
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
