// Where a volume lies, what kind of thing it is, and where the service may work beside it.
import { errnoName, isSubvolume } from '@holdfast/filesystem'
import { PlatformError } from '../platform-error.ts'
import {
  type OpenDirectory,
  openIfDirectory,
  openRootDirectory,
  reopenDirectory,
} from './open-directory.ts'
import { isNamespaceName, LOOSE_ENTRIES_KEY, volumeNameOf } from './volume-names.ts'
import { openWorkAreaIfExists, type WorkAreaPlace } from './work-area.ts'

export interface VolumeID {
  readonly namespace: string
  readonly key: string
}

/**
 * `loose`: the entries of a namespace that are no directories. `mount`: a mount point, which
 * cannot be renamed. `missing`: there is no such directory.
 */
export type VolumeKind = 'loose' | 'mount' | 'subvolume' | 'directory' | 'missing'

/** Closing it closes all its directories. */
export interface VolumeSite extends Disposable, VolumeID {
  readonly kind: VolumeKind
  /** Undefined for volume `.` */
  readonly name: Buffer | undefined
  readonly root: OpenDirectory
  readonly namespaceDirectory: OpenDirectory | undefined
  /** The volume itself; for volume `.` the namespace's directory. */
  readonly directory: OpenDirectory | undefined
  readonly areaPlace: WorkAreaPlace
  /** The directory that holds, or would hold, the work area. */
  readonly areaParent: OpenDirectory
}

/** A missing namespace or volume is a site, too. Fails for names that cannot be of one. */
export function openVolumeSite(hostRoot: string, volume: VolumeID): VolumeSite {
  const { namespace, key } = volume
  if (!isNamespaceName(namespace)) {
    throw new PlatformError({ code: 'namespace-not-found', namespace })
  }
  const name = key === LOOSE_ENTRIES_KEY ? undefined : volumeNameOf(key)
  if (name === undefined && key !== LOOSE_ENTRIES_KEY) {
    throw new PlatformError({ code: 'volume-not-found', namespace, key })
  }
  using opened = new DisposableStack()
  const root = opened.use(openHostRoot(hostRoot))
  const namespaceDirectory = opened.use(openIfDirectory(root, namespace))
  const directory = opened.use(
    namespaceDirectory === undefined ? undefined : openVolume(namespaceDirectory, name),
  )
  const kind = kindOf(name, directory)
  const areaPlace = placeOf(root, namespaceDirectory, kind)
  const areaParent = { root, namespace: namespaceDirectory, volume: directory }[areaPlace] ?? root
  const kept = opened.move()
  const close = () => kept.dispose()
  const found = { kind, name, root, namespaceDirectory, directory, areaPlace, areaParent }
  return { namespace, key, ...found, [Symbol.dispose]: close }
}

/** As `openVolumeSite` for volumes that must exist. */
export function openExistingVolume(
  hostRoot: string,
  volume: VolumeID,
): VolumeSite & { readonly directory: OpenDirectory } {
  const site = openVolumeSite(hostRoot, volume)
  const { directory } = site
  if (directory !== undefined) return { ...site, directory }
  const { namespace, key } = volume
  const hasNamespace = site.namespaceDirectory !== undefined
  site[Symbol.dispose]()
  throw hasNamespace
    ? new PlatformError({ code: 'volume-not-found', namespace, key })
    : new PlatformError({ code: 'namespace-not-found', namespace })
}

export function openHostRoot(hostRoot: string): OpenDirectory {
  try {
    return openRootDirectory(hostRoot)
  } catch (error) {
    const errno = errnoName(error)
    if (errno === undefined) throw error
    const reason = `the host root ${hostRoot} cannot be opened (${errno})`
    throw new PlatformError({ code: 'platform-unreachable', reason }, { cause: error })
  }
}

export interface WorkAreaReference extends VolumeID {
  readonly place: WorkAreaPlace
}

/** For what was put there earlier. Undefined when the way to it or itself is gone. */
export function openWorkAreaAt(
  hostRoot: string,
  { place, namespace, key }: WorkAreaReference,
): OpenDirectory | undefined {
  using root = openHostRoot(hostRoot)
  if (place === 'root') return openWorkAreaIfExists(root)
  if (!isNamespaceName(namespace)) return undefined
  using namespaceDirectory = openIfDirectory(root, namespace)
  if (namespaceDirectory === undefined) return undefined
  if (place === 'namespace') return openWorkAreaIfExists(namespaceDirectory)
  const name = volumeNameOf(key)
  if (name === undefined) return undefined
  using volume = openIfDirectory(namespaceDirectory, name)
  return volume === undefined ? undefined : openWorkAreaIfExists(volume)
}

/** Where the work area of a namespace's volumes is, those apart that are mount points. */
export function placeForNamespace(
  root: OpenDirectory,
  namespaceDirectory: OpenDirectory | undefined,
): WorkAreaPlace {
  if (namespaceDirectory === undefined) return 'root'
  const status = namespaceDirectory.status()
  const isApart = status.isMountRoot || status.device !== root.status().device
  return isApart ? 'namespace' : 'root'
}

function placeOf(
  root: OpenDirectory,
  namespaceDirectory: OpenDirectory | undefined,
  kind: VolumeKind,
): WorkAreaPlace {
  return kind === 'mount' ? 'volume' : placeForNamespace(root, namespaceDirectory)
}

function openVolume(
  namespaceDirectory: OpenDirectory,
  name: Buffer | undefined,
): OpenDirectory | undefined {
  if (name === undefined) return reopenDirectory(namespaceDirectory)
  return openIfDirectory(namespaceDirectory, name)
}

function kindOf(name: Buffer | undefined, directory: OpenDirectory | undefined): VolumeKind {
  if (directory === undefined) return 'missing'
  if (name === undefined) return 'loose'
  if (directory.status().isMountRoot) return 'mount'
  return isSubvolume(directory.handle) ? 'subvolume' : 'directory'
}
