// Puts open directories in place of the paths of a mover's job.
//
// A path below the host root leads through directories that apps can write. Between our check of a
// path and the mover's use of it, an app could put a symbolic link there and have a privileged
// mover write elsewhere. So the directory is opened here, component by component without following
// links, and the mover gets `/proc/<our pid>/fd/<n>`: valid as long as we hold the directory open
// and live, as the mover itself does no longer than we do.
import {
  type CommandLocation,
  decodePathBytes,
  encodePathBytes,
  type MoverJob,
} from '@holdfast/domain'
import { errnoName, isPathBelow } from '@holdfast/filesystem'
import { PlatformError } from '../platform-error.ts'
import { type OpenDirectory, openSubdirectory, reopenDirectory } from './open-directory.ts'
import { WORK_AREA_NAME } from './volume-names.ts'
import { openHostRoot } from './volume-site.ts'
import { openWorkArea } from './work-area.ts'

export interface GuardedJob extends Disposable {
  readonly job: MoverJob
  /** Puts the real paths back into a text that the mover wrote. */
  restorePaths(text: string): string
}

/** Paths elsewhere (buckets, for instance) stay as they are. */
export function guardPaths(hostRoot: string, job: MoverJob): GuardedJob {
  using opened = new DisposableStack()
  const realPaths = new Map<string, string>()
  const guard = (path: string, isDirectory: boolean) => {
    const guarded = guardPath(hostRoot, { path, isDirectory }, opened)
    if (guarded !== path) realPaths.set(guarded, path)
    return guarded
  }
  const guardedJob = guardJob(job, guard)
  const kept = opened.move()
  return {
    job: guardedJob,
    restorePaths: (text) => {
      let restored = text
      for (const [guarded, real] of realPaths) restored = restored.replaceAll(guarded, real)
      return restored
    },
    [Symbol.dispose]: () => kept.dispose(),
  }
}

type Guard = (path: string, isDirectory: boolean) => string

function guardJob(job: MoverJob, guard: Guard): MoverJob {
  if (job.kind === 'restore') return { ...job, targetPath: guard(job.targetPath, true) }
  if (job.kind === 'stream-backup') return { ...job, source: guardCommand(job.source, guard) }
  if (job.kind === 'stream-restore') return { ...job, target: guardCommand(job.target, guard) }
  if (job.kind !== 'backup') return job
  const { source } = job
  const { manifestPath } = source
  return {
    ...job,
    source: {
      ...source,
      path: guard(source.path, true),
      ...(manifestPath === undefined ? {} : { manifestPath: guard(manifestPath, false) }),
    },
  }
}

function guardCommand(command: CommandLocation, guard: Guard): CommandLocation {
  return { ...command, directory: guard(command.directory, true) }
}

function guardPath(
  hostRoot: string,
  { path, isDirectory }: { readonly path: string; readonly isDirectory: boolean },
  opened: DisposableStack,
): string {
  using root = openHostRoot(hostRoot)
  const bytes = decodePathBytes(path)
  if (bytes === undefined || !isPathBelow(bytes, root.path)) return path
  const names = splitPath(Buffer.from(bytes.subarray(root.path.length)))
  const fileName = isDirectory ? Buffer.from('.') : names.pop()
  const directory = opened.use(openChain(root, names, path))
  return encodePathBytes(
    Buffer.concat([
      Buffer.from(`/proc/${process.pid}/fd/${directory.handle}/`),
      fileName ?? Buffer.from('.'),
    ]),
  )
}

function splitPath(path: Buffer): Buffer[] {
  return path
    .toString('latin1')
    .split('/')
    .filter((name) => name !== '')
    .map((name) => Buffer.from(name, 'latin1'))
}

function openChain(root: OpenDirectory, names: readonly Buffer[], path: string): OpenDirectory {
  let current = reopenDirectory(root)
  for (const name of names) {
    using parent = current
    try {
      // Our own work area is believed only when it passes the checks of one.
      const isArea = name.equals(Buffer.from(WORK_AREA_NAME))
      current = isArea ? openWorkArea(parent) : openSubdirectory(parent, name)
    } catch (error) {
      const errno = errnoName(error)
      if (errno === undefined) throw error
      const reason = `it cannot be opened without following links (${errno})`
      throw new PlatformError({ code: 'target-not-writable', path, reason }, { cause: error })
    }
  }
  return current
}
