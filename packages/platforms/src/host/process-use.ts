// Which processes use a volume: working directory, root, program, open and mapped files, and
// mount namespaces (containers, say) into which the volume is mounted.

import { lstatSync } from 'node:fs'
import { opendir, readdir, readFile, readlink } from 'node:fs/promises'
import { errnoName, isPathBelow, type Mount, mountHolding, readMounts } from '@holdfast/filesystem'
import type { ProcessUsingVolume } from '../platform.ts'
import { PlatformError } from '../platform-error.ts'
import { joinPath } from './open-directory.ts'
import { isInWorkArea } from './volume-names.ts'
import type { VolumeID } from './volume-site.ts'

export interface VolumeInQuestion extends VolumeID {
  /** Real and absolute; for volume `.` the namespace's directory. */
  readonly path: Buffer
  readonly looseEntriesOnly: boolean
  /** A mount of it elsewhere would go on to show the replaced tree. */
  readonly isExchangedWhole: boolean
}

/** Fails with `volume-in-use`. */
export async function refuseInUse(
  volumes: readonly VolumeInQuestion[],
  signal: AbortSignal,
): Promise<void> {
  const processes = await findProcessesUsing(volumes, signal)
  if (processes.length > 0) throw new PlatformError({ code: 'volume-in-use', processes })
}

/** One entry for each process and volume, at most `PROCESSES_MAX`; this process is left out. */
export async function findProcessesUsing(
  volumes: readonly VolumeInQuestion[],
  signal: AbortSignal,
): Promise<ProcessUsingVolume[]> {
  const ownMounts = await readMounts('self')
  const ownNamespace = await readlink('/proc/self/ns/mnt')
  const located = volumes.map((volume) => locate(volume, ownMounts))
  const views = new Map<string, NamespaceView>()
  const found: ProcessUsingVolume[] = []
  for await (const entry of await opendir('/proc')) {
    signal.throwIfAborted()
    const pid = Number(entry.name)
    if (!Number.isInteger(pid) || pid === process.pid) continue
    const view = await viewOf(pid, located, views)
    if (view === undefined) continue
    const paths = await pathsUsedBy(pid)
    const isForeign = view.namespace !== ownNamespace
    for (const volume of located) {
      const isMounted = isForeign && volume.isExchangedWhole && view.mounted.has(volume)
      const names = view.names.get(volume) ?? []
      if (!isMounted && !paths.some((path) => names.some((name) => uses(path, name, volume)))) {
        continue
      }
      const { namespace, key } = volume
      found.push({ pid, command: await commandOf(pid), namespace, key })
      if (found.length >= PROCESSES_MAX) return found
    }
  }
  return found
}

const PROCESSES_MAX = 50

interface LocatedVolume extends VolumeInQuestion {
  /** As in `Mount.device`. */
  readonly device: string
  /** Below the root of its file system. */
  readonly pathOnFilesystem: Buffer
}

interface NamespaceView {
  readonly namespace: string
  /** By which paths the volume is seen in there. */
  readonly names: ReadonlyMap<LocatedVolume, readonly Buffer[]>
  /** Volumes of which a mount begins at or inside them. */
  readonly mounted: ReadonlySet<LocatedVolume>
}

function locate(volume: VolumeInQuestion, mounts: readonly Mount[]): LocatedVolume {
  const mount = mountHolding(mounts, volume.path)
  if (mount === undefined) return { ...volume, device: '', pathOnFilesystem: volume.path }
  const rest = relativeTo(volume.path, mount.mountPoint)
  return { ...volume, device: mount.device, pathOnFilesystem: appendPath(mount.root, rest) }
}

/** Undefined when the process has gone or is not ours to look at. */
async function viewOf(
  pid: number,
  volumes: readonly LocatedVolume[],
  views: Map<string, NamespaceView>,
): Promise<NamespaceView | undefined> {
  const namespace = await orNothing(() => readlink(`/proc/${pid}/ns/mnt`))
  if (namespace === undefined) return undefined
  const known = views.get(namespace)
  if (known !== undefined) return known
  const mounts = await orNothing(() => readMounts(pid))
  if (mounts === undefined) return undefined
  const names = new Map(volumes.map((volume) => [volume, namesOf(volume, mounts)]))
  const mounted = new Set(volumes.filter((volume) => mounts.some((it) => isMountOf(it, volume))))
  const view = { namespace, names, mounted }
  views.set(namespace, view)
  return view
}

function namesOf(volume: LocatedVolume, mounts: readonly Mount[]): Buffer[] {
  return mounts.flatMap((mount) => {
    if (mount.device !== volume.device) return []
    if (isAtOrBelow(volume.pathOnFilesystem, mount.root)) {
      const rest = relativeTo(volume.pathOnFilesystem, mount.root)
      return [appendPath(mount.mountPoint, rest)]
    }
    return isPathBelow(mount.root, volume.pathOnFilesystem) ? [mount.mountPoint] : []
  })
}

function isMountOf(mount: Mount, volume: LocatedVolume): boolean {
  return mount.device === volume.device && isAtOrBelow(mount.root, volume.pathOnFilesystem)
}

async function pathsUsedBy(pid: number): Promise<Buffer[]> {
  const links = ['cwd', 'root', 'exe'].map((name) => `/proc/${pid}/${name}`)
  const handles = (await orNothing(() => readdir(`/proc/${pid}/fd`))) ?? []
  for (const handle of handles) links.push(`/proc/${pid}/fd/${handle}`)
  const paths: Buffer[] = []
  for (const link of links) {
    const path = await orNothing(() => readlink(link, { encoding: 'buffer' }))
    if (path !== undefined && path[0] === SLASH) paths.push(path)
  }
  const maps = await orNothing(() => readFile(`/proc/${pid}/maps`, 'latin1'))
  return [...paths, ...mappedPaths(maps ?? '')]
}

const SLASH = 0x2f

/** The last column of proc_pid_maps(5); newlines in names are written as `\012`. */
function mappedPaths(maps: string): Buffer[] {
  const paths = new Set<string>()
  for (const line of maps.split('\n')) {
    const slash = line.indexOf('/')
    if (slash !== -1) paths.add(line.slice(slash).replaceAll('\\012', '\n'))
  }
  return [...paths].map((path) => Buffer.from(path, 'latin1'))
}

function uses(path: Buffer, name: Buffer, volume: LocatedVolume): boolean {
  if (!isAtOrBelow(path, name)) return false
  const rest = relativeTo(path, name)
  if (isInWorkArea(rest)) return false
  if (!volume.looseEntriesOnly) return true
  // A loose entry: directly inside, and no directory.
  return rest.length > 0 && !rest.includes(SLASH) && !isDirectory(joinPath(volume.path, rest))
}

function isDirectory(path: Buffer): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

async function commandOf(pid: number): Promise<string> {
  const text = await orNothing(() => readFile(`/proc/${pid}/comm`, 'utf8'))
  return text?.trimEnd() ?? 'a process that has ended'
}

/** Processes come and go while we look, and some belong to others. */
async function orNothing<Value>(read: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await read()
  } catch (error) {
    const errno = errnoName(error)
    if (errno !== undefined && EXPECTED_ERRNOS.has(errno)) return undefined
    throw error
  }
}

const EXPECTED_ERRNOS = new Set(['ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'EINVAL', 'ENOTDIR'])

function isAtOrBelow(path: Uint8Array, directory: Uint8Array): boolean {
  return Buffer.compare(path, directory) === 0 || isPathBelow(path, directory)
}

/** Without a leading slash; empty for the directory itself. */
function relativeTo(path: Buffer, directory: Buffer): Buffer {
  const rest = path.subarray(directory.length)
  return rest[0] === SLASH ? rest.subarray(1) : rest
}

function appendPath(directory: Buffer, rest: Buffer): Buffer {
  return rest.length === 0 ? directory : joinPath(directory, rest)
}
