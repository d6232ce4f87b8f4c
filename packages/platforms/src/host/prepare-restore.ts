// Makes empty staging beside every target of a restore, after all checks that can be made before.
import { type CopyWarning, encodePathBytes } from '@holdfast/domain'
import { isOnBtrfs, readDirectoryNames, readMounts } from '@holdfast/filesystem'
import type {
  NewNamespace,
  PrepareRestoreRequest,
  RestoreVolume,
  StagedVolume,
  Staging,
} from '../platform.ts'
import { PlatformError } from '../platform-error.ts'
import { mayGiveAway } from './directory-ownership.ts'
import { joinPath, openSubdirectoryIfExists, statusIfExists } from './open-directory.ts'
import { refuseInUse, type VolumeInQuestion } from './process-use.ts'
import type { RestoreContext } from './restore-context.ts'
import { type JournalVolume, readJournal, writeJournal } from './restore-journal.ts'
import { checkSpace } from './space-check.ts'
import { makeStaging, stagedName, tryExchange } from './staging.ts'
import { checkTarget } from './target-check.ts'
import { discardStaging } from './undo-restore.ts'
import { isNamespaceName, isOurs, keyOfVolume, LOOSE_ENTRIES_KEY } from './volume-names.ts'
import { openHostRoot, openVolumeSite, type VolumeSite } from './volume-site.ts'
import { ensureWorkArea } from './work-area.ts'
import { workName } from './work-name.ts'

/** A repeated call begins again with empty staging. */
export async function prepareHostRestore(
  context: RestoreContext,
  request: PrepareRestoreRequest,
  signal: AbortSignal,
): Promise<Staging> {
  await discardEarlier(context, request.id, signal)
  refuseExisting(context.hostRoot, request.newNamespaces ?? [])
  using opened = new DisposableStack()
  const mounts = await readMounts('self')
  const targets = request.volumes.map((volume): Target => {
    const site = opened.use(openVolumeSite(context.hostRoot, volume))
    return { volume, site, manner: checkTarget(site, mounts) }
  })
  checkSpace(targets.map(({ site, volume }) => ({ areaParent: site.areaParent, volume })))
  if (!request.allowInUse) await refuseInUse(targets.map(toQuestion), signal)
  const warnings = [...keptVolumes(context.hostRoot, request), ...keptOwners(context, request)]
  try {
    return { id: request.id, volumes: await stage(context, request, targets), warnings }
  } catch (error) {
    await discardStaging(context, request.id, signal)
    throw error
  }
}

interface Target {
  readonly volume: RestoreVolume
  readonly site: VolumeSite
  readonly manner: 'whole' | 'entries'
}

async function discardEarlier(
  context: RestoreContext,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  const journal = await readJournal(context.stateDir, id)
  if (journal !== undefined && journal.state !== 'staged') {
    const reason = 'its exchange has begun; it must be finished or rolled back first'
    throw new PlatformError({ code: 'exchange-failed', path: workName('restore', id), reason })
  }
  await discardStaging(context, id, signal)
}

function refuseExisting(hostRoot: string, namespaces: readonly NewNamespace[]): void {
  using root = openHostRoot(hostRoot)
  for (const { name: namespace } of namespaces) {
    if (!isNamespaceName(namespace)) {
      throw new PlatformError({ code: 'namespace-not-found', namespace })
    }
    if (statusIfExists(root, namespace) === undefined) continue
    throw new PlatformError({ code: 'namespace-exists', namespace })
  }
}

function toQuestion({ site, manner }: Target): VolumeInQuestion {
  const { namespace, key, directory, root } = site
  const path = directory?.path ?? joinPath(joinPath(root.path, namespace), site.name ?? '.')
  const looseEntriesOnly = site.name === undefined
  return { namespace, key, path, looseEntriesOnly, isExchangedWhole: manner === 'whole' }
}

async function stage(
  context: RestoreContext,
  request: PrepareRestoreRequest,
  targets: readonly Target[],
): Promise<StagedVolume[]> {
  using opened = new DisposableStack()
  const planned = targets.map((target, index) => {
    const area = opened.use(ensureWorkArea(target.site.areaParent))
    return {
      area,
      present: target.site.directory,
      volume: toJournalVolume(target, index, area.status().inode),
    }
  })
  // Before anything is made, so that whatever is made is known.
  await writeJournal(context.stateDir, {
    version: 1,
    id: request.id,
    state: 'staged',
    allowInUse: request.allowInUse,
    volumes: planned.map(({ volume }) => volume),
    createdNamespaces: [],
    ...(request.newNamespaces === undefined ? {} : { newNamespaces: request.newNamespaces }),
  })
  return planned.map(({ area, present, volume }) => {
    tryExchange(area, request.id)
    makeStaging({ area, id: request.id, volume, present })
    const staging = joinPath(area.path, workName('restore', request.id))
    const targetPath = encodePathBytes(joinPath(staging, stagedName(volume)))
    return { namespace: volume.namespace, key: volume.key, targetPath }
  })
}

function toJournalVolume(
  { site, manner, volume }: Target,
  index: number,
  areaInode: bigint,
): JournalVolume {
  // A lost subvolume is made anew as one, so that it can be snapshot atomically again.
  const wasSubvolume = volume.strategy === 'btrfs' && isOnBtrfs(site.areaParent.handle)
  const isSubvolume =
    manner === 'whole' && (site.kind === 'subvolume' || (site.kind === 'missing' && wasSubvolume))
  const { namespace, key, areaPlace } = site
  const inode = areaInode.toString()
  return { index, namespace, key, manner, isSubvolume, place: areaPlace, areaInode: inode }
}

function keptVolumes(hostRoot: string, request: PrepareRestoreRequest): CopyWarning[] {
  using root = openHostRoot(hostRoot)
  const restored = new Set(request.volumes.map(({ namespace, key }) => `${namespace}/${key}`))
  return request.namespaces.filter(isNamespaceName).flatMap((namespace) => {
    if (statusIfExists(root, namespace)?.type !== 'directory') return []
    using directory = openSubdirectoryIfExists(root, namespace)
    if (directory === undefined) return []
    const keys = new Set<string>()
    const names = readDirectoryNames(directory.handle)
    for (let position = 0; position < names.count; position += 1) {
      const name = names.nameAt(position)
      if (isOurs(name)) continue
      const isVolume = statusIfExists(directory, name)?.type === 'directory'
      keys.add(isVolume ? keyOfVolume(name) : LOOSE_ENTRIES_KEY)
    }
    const kept = [...keys].filter((key) => !restored.has(`${namespace}/${key}`))
    return kept.map((key) => keptWarning(`${namespace}/${key}`))
  })
}

/** Namespaces that will be the service's own, since it may not give them to whose they were. */
function keptOwners({ hostRoot }: RestoreContext, request: PrepareRestoreRequest): CopyWarning[] {
  using root = openHostRoot(hostRoot)
  return (request.newNamespaces ?? []).flatMap(({ name, ownership }) => {
    if (ownership === undefined || mayGiveAway(root, ownership)) return []
    const owner = `${ownership.uid}:${ownership.gid}`
    const message = `Namespace ${name} cannot be given to its owner ${owner}: the service is not root.`
    return [{ code: 'metadata-not-restored' as const, path: name, message }]
  })
}

function keptWarning(path: string): CopyWarning {
  const message = `Volume ${path} is not in this copy and was left as it is.`
  return { code: 'kept-volume', path, message }
}
