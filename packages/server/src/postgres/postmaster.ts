// Starts, adopts and stops the server process of one place.
import { spawn } from 'node:child_process'
import { open, readFile, readlink, realpath, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { pingDatabase } from '@holdfast/db'
import { socketDatabaseUrl } from './database-url.ts'
import { clearLeftovers } from './leftovers.ts'
import { PostgresError } from './postgres-error.ts'
import { readPostmasterFile } from './postmaster-file.ts'
import {
  commandOf,
  findProcess,
  findProcessesOf,
  isAlive,
  type ProcessRef,
  signalProcess,
  waitForEnd,
} from './processes.ts'
import { commandAs } from './server-identity.ts'
import type { ServerPlace } from './server-place.ts'

export type StopWay = 'fast' | 'immediate' | 'killed'

const FAST_STOP_MS = 60_000
const IMMEDIATE_STOP_MS = 10_000
const KILLED_STOP_MS = 5_000
const READY_POLL_MS = 25
const LOG_BYTES_MAX = 8 * 1024 * 1024
const LOG_TAIL_BYTES = 2_000

/**
 * Brings the server up: takes over the one that already runs here as we would start it; stops any
 * other; clears what a dead one left; starts. Resolves when it answers queries. When aborted, what
 * was started is stopped again.
 */
export async function bringUpPostmaster(
  place: ServerPlace,
  options: { readonly settings: Readonly<Record<string, string>>; readonly signal: AbortSignal },
): Promise<{ process: ProcessRef; isAdopted: boolean }> {
  const args = serverArgs(place, options.settings)
  const running = await findPostmaster(place)
  if (running !== undefined && (await isAdoptable(running, place, args))) {
    await waitUntilReady(place, running, options.signal)
    return { process: running, isAdopted: true }
  }
  if (running !== undefined) await stopPostmaster(running)
  await clearLeftovers(place)
  options.signal.throwIfAborted()
  const started = await startProcess(place, args)
  try {
    await waitUntilReady(place, started, options.signal)
  } catch (error) {
    await stopPostmaster(started)
    throw error
  }
  return { process: started, isAdopted: false }
}

/** Fast shutdown: sessions end, changes are flushed. Harder ways only when that takes too long. */
export async function stopPostmaster(process: ProcessRef): Promise<StopWay> {
  await signalProcess(process, 'SIGINT')
  if (await waitForEnd(process, FAST_STOP_MS)) return 'fast'
  await signalProcess(process, 'SIGQUIT')
  if (await waitForEnd(process, IMMEDIATE_STOP_MS)) return 'immediate'
  await signalProcess(process, 'SIGKILL')
  await waitForEnd(process, KILLED_STOP_MS)
  return 'killed'
}

async function findPostmaster(place: ServerPlace): Promise<ProcessRef | undefined> {
  const file = await readPostmasterFile(place.dataDirectory)
  const process = file && (await findProcess(file.pid))
  if (process === undefined) return undefined
  // After a reboot the number may be anybody's: only a process of this directory counts.
  const ours = await findProcessesOf(place.dataDirectory, place)
  return ours.find(({ pid }) => pid === process.pid)
}

/** A server with other settings, from other binaries, or on its way out is not taken over. */
async function isAdoptable(
  { pid }: ProcessRef,
  place: ServerPlace,
  args: readonly string[],
): Promise<boolean> {
  const file = await readPostmasterFile(place.dataDirectory)
  if (file === undefined || !['ready', 'starting'].includes(file.status)) return false
  const program = join(place.binaries, 'bin/postgres')
  const command = await commandOf(pid)
  if (command.join('\0') !== [program, ...args].join('\0')) return false
  // A binary that an update replaced shows as deleted. The link is unreadable without CAP_SYS_PTRACE, and then
  // the command line, which names the binary's directory, has to do.
  const binary = await readlink(`/proc/${pid}/exe`).catch(() => undefined)
  return binary === undefined || binary === (await realpath(program))
}

function serverArgs(place: ServerPlace, settings: Readonly<Record<string, string>>): string[] {
  const all: Record<string, string> = {
    listen_addresses: '',
    unix_socket_directories: place.socketDirectory,
    unix_socket_permissions: '0700',
    cluster_name: place.clusterName,
    fsync: 'on',
    full_page_writes: 'on',
    synchronous_commit: 'on',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // Errors of statements are the service's own to report; the file keeps what happens to the
    // server: starts, stops, crashes. It would grow without bound otherwise.
    log_min_messages: 'log',
    log_checkpoints: 'off',
    jit: 'off',
    ...settings,
  }
  const pairs = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  return ['-D', place.dataDirectory, ...pairs]
}

/**
 * In its own session, so that a signal to our process group (Ctrl-C) reaches us first and the
 * database outlives our last statements; with a log file instead of pipes, which would break with us.
 */
async function startProcess(place: ServerPlace, args: readonly string[]): Promise<ProcessRef> {
  const program = join(place.binaries, 'bin/postgres')
  const command = commandAs(place.identity, program, args)
  const log = await openLog(place.logFile)
  try {
    const child = spawn(command.program, [...command.args], {
      ...command.options,
      cwd: '/',
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    })
    const pid = await new Promise<number>((resolve, reject) => {
      child.once('error', reject)
      child.once('spawn', () => resolve(child.pid ?? -1))
    })
    child.unref()
    const process = await findProcess(pid)
    if (process === undefined) throw await startFailure(place)
    return process
  } finally {
    await log.close()
  }
}

async function openLog(path: string) {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  )
  if (size > LOG_BYTES_MAX) await rename(path, `${path}.1`)
  return open(path, 'a', 0o600)
}

/** Recovery after a crash takes as long as it takes: only the end of the process is a failure. */
async function waitUntilReady(
  place: ServerPlace,
  process: ProcessRef,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    signal.throwIfAborted()
    const file = await readPostmasterFile(place.dataDirectory)
    if (file?.pid === process.pid && file.status === 'ready') break
    if (!(await isAlive(process))) throw await startFailure(place)
    await delay(READY_POLL_MS)
  }
  await pingDatabase(socketDatabaseUrl(place.socketDirectory, 'postgres'))
}

async function startFailure(place: ServerPlace): Promise<PostgresError> {
  const text = await readFile(place.logFile, 'utf8').catch(() => '')
  const output = `${text.slice(-LOG_TAIL_BYTES).trim()} (all of it is in ${place.logFile})`
  return new PostgresError({
    code: 'postgres-start-failed',
    directory: place.dataDirectory,
    output,
  })
}
