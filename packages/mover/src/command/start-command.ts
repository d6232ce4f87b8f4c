// Starts the program of a stream, with real pipes for its standard streams.
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, constants, fchownSync, openSync } from 'node:fs'
import { Socket } from 'node:net'
import type { CommandEnd, CommandLocation } from '@holdfast/domain'
import { describeErrno, errnoName, openPipe, type Pipe } from '@holdfast/filesystem'
import { pathOfJob } from '../job-paths.ts'
import { type CommandGuard, startGuard } from './command-guard.ts'
import { nameOfPipe } from './end-readers.ts'

export interface PipeEnd {
  readonly socket: Socket
  /** Open for as long as the socket is. */
  readonly handle: number
}

export interface StartedCommand {
  /** Its process id, its group's and its session's. */
  readonly session: number
  /** Undefined for a command that gets no input. */
  readonly stdin: Socket | undefined
  /** As the kernel calls it. */
  readonly inputName: string | undefined
  readonly stdout: PipeEnd
  readonly stderr: Socket
  /** How its first process ended. */
  readonly exited: Promise<CommandEnd>
  readonly guard: CommandGuard
}

/** Or why it could not be started; then nothing of it is left. */
export async function startCommand(
  location: CommandLocation,
  { takesInput }: { readonly takesInput: boolean },
): Promise<StartedCommand | { readonly refusal: string }> {
  const directory = pathOfJob(location.directory, 'directory')
  const opened = openDirectory(directory)
  if (typeof opened === 'string') return { refusal: `its directory cannot be used (${opened})` }
  using workingDirectory = opened
  using pipes = openPipes(takesInput, location.user)
  let guard: CommandGuard | undefined
  try {
    guard = await startGuard(pipes.stdin?.writeHandle)
    const child = await spawned(location, workingDirectory.path, pipes)
    const session = child.pid as number
    const inputName = pipes.stdin && nameOfPipe(pipes.stdin.writeHandle)
    guard.watch(session)
    return { ...pipes.keep(), inputName, session, exited: endOf(child), guard }
  } catch (error) {
    await guard?.release()
    return { refusal: `${location.words[0]} could not be started (${reasonOf(error)})` }
  }
}

interface WorkingDirectory extends Disposable {
  /** Text, whatever bytes the directory's own path has. */
  readonly path: string
}

/** Or why not; Node would blame the program. */
function openDirectory(path: Buffer): WorkingDirectory | string {
  let handle: number
  try {
    handle = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY)
  } catch (error) {
    const errno = errnoName(error)
    if (errno === undefined) throw error
    return describeErrno(errno)
  }
  return {
    path: `/proc/${process.pid}/fd/${handle}`,
    [Symbol.dispose]: () => closeSync(handle),
  }
}

interface CommandPipes extends Disposable {
  readonly stdin: Pipe | undefined
  readonly stdout: Pipe
  readonly stderr: Pipe
  /** Our ends, which are then not closed with the others. */
  keep(): Pick<StartedCommand, 'stdin' | 'stdout' | 'stderr'>
}

function openPipes(takesInput: boolean, user: CommandLocation['user']): CommandPipes {
  const handles = new Set<number>()
  const open = (): Pipe => {
    const pipe = openPipe()
    handles.add(pipe.readHandle).add(pipe.writeHandle)
    // Or the command, as another user, could not open /dev/stdout.
    if (user !== undefined) fchownSync(pipe.readHandle, user.uid, user.gid)
    return pipe
  }
  const end = (handle: number, way: { readable: boolean; writable: boolean }): PipeEnd => {
    const socket = new Socket({ fd: handle, ...way })
    handles.delete(handle)
    return { socket, handle }
  }
  const [stdin, stdout, stderr] = [takesInput ? open() : undefined, open(), open()]
  return {
    stdin,
    stdout,
    stderr,
    keep: () => ({
      stdin:
        stdin === undefined
          ? undefined
          : end(stdin.writeHandle, { readable: false, writable: true }).socket,
      stdout: end(stdout.readHandle, { readable: true, writable: false }),
      stderr: end(stderr.readHandle, { readable: true, writable: false }).socket,
    }),
    [Symbol.dispose]() {
      for (const handle of handles) closeSync(handle)
    },
  }
}

async function spawned(
  { words, user, environment }: CommandLocation,
  directory: string,
  { stdin, stdout, stderr }: CommandPipes,
): Promise<ChildProcess> {
  const [program, ...programArguments] = words
  const child = spawn(program, programArguments, {
    cwd: directory,
    detached: true,
    env: environment,
    stdio: [stdin?.readHandle ?? 'ignore', stdout.writeHandle, stderr.writeHandle],
    // With a uid, Node clears the supplementary groups (libuv, `uv__process_child_init`).
    ...user,
  })
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', reject)
  })
  return child
}

function endOf(child: ChildProcess): Promise<CommandEnd> {
  return new Promise((resolve) => {
    child.once('exit', (exitCode, signal) =>
      resolve(
        exitCode === null
          ? { kind: 'killed', signal: signal ?? 'SIGKILL' }
          : { kind: 'exited', exitCode },
      ),
    )
  })
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
