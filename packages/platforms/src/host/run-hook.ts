// Runs an execution hook on a host: as the owner of the namespace's directory, in that directory.
//
// opened: the directory, by its name in the host root, no link followed → its owner decides who
// runs → the script is an open file without a name → running in a session of its own → ended, by
// itself or at its time, or stopped → what is left of its session is ended, too.
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, fchownSync, mkdirSync, openSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { errnoName } from '@holdfast/filesystem'
import type { HookEnd, HookResult, RunHookRequest } from '../platform.ts'
import { hookCommand } from './hook-command.ts'
import { createHookOutput, type HookOutput } from './hook-output.ts'
import { endHookProcesses } from './hook-processes.ts'
import { type HookPlace, type HookUser, type OpenHookPlace, openHookPlace } from './hook-user.ts'

export interface HookContext extends HookPlace {
  /** The script's file is here while it has a name. */
  readonly stateDir: string
}

export async function runHostHook(
  context: HookContext,
  request: RunHookRequest,
  signal: AbortSignal,
): Promise<HookResult> {
  signal.throwIfAborted()
  const place = openHookPlace(context, request, 'hooks and sources')
  if ('fault' in place) return refused(place.fault)
  using opened = place
  const command = hookCommand(request.script, request.arguments)
  if ('fault' in command) return refused(command.fault)
  const script = tryOpenScript(context.stateDir, request, opened.user)
  if (typeof script === 'string') return refused(`its script could not be written (${script})`)
  let child: ChildProcess
  try {
    child = await start({ place: opened, words: command.words, script })
  } catch (error) {
    return refused(`${command.words[0]} could not be started (${reasonOf(error)})`)
  } finally {
    closeSync(script)
  }
  return await follow(child, request, signal)
}

export async function stopHostHook(id: string): Promise<void> {
  await endHookProcesses({ session: undefined, runID: id })
}

/** Or why not: a full disk of ours, say, is no trouble of the host. */
function tryOpenScript(...input: Parameters<typeof openScript>): number | string {
  try {
    return openScript(...input)
  } catch (error) {
    if (errnoName(error) === undefined) throw error
    return reasonOf(error)
  }
}

/** Synchronous, so that no process that is started meanwhile inherits the file open for writing. */
function openScript(stateDir: string, { id, script }: RunHookRequest, user: HookUser): number {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  const path = join(stateDir, `hook-${id}`)
  const writer = openSync(path, 'w', 0o400)
  try {
    for (let at = 0; at < script.length; ) at += writeSync(writer, script, at)
    if (user.isBecome) fchownSync(writer, user.uid, user.gid)
    return openSync(path, 'r')
  } finally {
    unlinkSync(path)
    closeSync(writer)
  }
}

interface HookStart {
  readonly place: OpenHookPlace
  readonly words: readonly [string, ...string[]]
  readonly script: number
}

async function start({ place, words, script }: HookStart) {
  const { directory, user, environment } = place
  const [program, ...programArguments] = words
  const child = spawn(program, programArguments, {
    // Through our own descriptor: whoever renames the directory leads us nowhere else.
    cwd: `/proc/${process.pid}/fd/${directory.handle}`,
    detached: true,
    env: { ...environment },
    stdio: ['ignore', 'pipe', 'pipe', script],
    // With a uid, Node clears the supplementary groups (libuv, `uv__process_child_init`).
    ...(user.isBecome ? { uid: user.uid, gid: user.gid } : {}),
  })
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', reject)
  })
  return child
}

async function follow(
  child: ChildProcess,
  request: RunHookRequest,
  signal: AbortSignal,
): Promise<HookResult> {
  const output = createHookOutput()
  const streams = [child.stdout, child.stderr].map((stream) => collect(stream, output))
  const exited = new Promise<HookEnd>((resolve) => {
    child.once('exit', (exitCode, endSignal) =>
      resolve(
        exitCode === null
          ? { kind: 'killed', signal: endSignal ?? 'SIGKILL' }
          : { kind: 'exited', exitCode },
      ),
    )
  })
  const { timeoutMs } = request
  const stopping = new AbortController()
  const timer = setTimeout(() => stopping.abort(), timeoutMs)
  const stopped = whenAborted(AbortSignal.any([signal, stopping.signal]))
  const session = child.pid
  try {
    const end = await Promise.race([exited, stopped.then(() => undefined)])
    // What it left in the background would hold its output open. What means to stay leaves the
    // session, and is ended only with a hook that was stopped.
    const isStopped = end === undefined
    await endHookProcesses({ session, runID: isStopped ? request.id : undefined })
    const isEnded = await Promise.race([exited.then(() => true), delay(DRAIN_MS, false)])
    await Promise.race([Promise.all(streams), delay(DRAIN_MS)])
    signal.throwIfAborted()
    if (!isEnded) output.append(Buffer.from(NOT_ENDED))
    return { end: end ?? { kind: 'timed-out', timeoutMs }, output: output.text() }
  } finally {
    clearTimeout(timer)
    child.stdout?.destroy()
    child.stderr?.destroy()
    child.unref()
  }
}

/** It became a user whom this service may not end, or hangs in the kernel. */
const NOT_ENDED = '\nIt could not be ended and may still be at work.\n'

/** A process that left the session may hold the output open for as long as it lives. */
const DRAIN_MS = 1000

function collect(stream: Readable | null, output: HookOutput): Promise<void> {
  return new Promise((resolve) => {
    if (stream === null) return resolve()
    stream.on('data', (chunk: Buffer) => output.append(chunk))
    stream.once('close', resolve)
    stream.once('error', () => resolve())
  })
}

function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

function refused(reason: string): HookResult {
  return { end: { kind: 'refused', reason }, output: '' }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
