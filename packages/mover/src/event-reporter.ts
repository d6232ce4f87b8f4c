// Writes a job's events, one line each.
import type { Writable } from 'node:stream'
import {
  type CommandReport,
  type CopyWarning,
  type MoverEvent,
  NAMED_ENTRIES_MAX,
} from '@holdfast/domain'

export interface EventReporter {
  scanned(count: { readonly entries: number; readonly bytes: number }): void
  /** May be called very often; a few lines a second come of it. */
  progress(done: { readonly entries: number; readonly bytes: number }): void
  /** Counted always, written up to `NAMED_ENTRIES_MAX`. */
  warning(warning: CopyWarning): void
  /** Written always and not counted: it is about the job, not about what it copies. */
  notice(warning: CopyWarning): void
  warnings(): { readonly warnings: readonly CopyWarning[]; readonly warningCount: number }
  /** A command was started: if the job fails for another reason, it says so. */
  commandStarted(report: () => CommandReport): void
  /** The last line; everything after it is ignored. Resolves when it was handed over. */
  finish(event: LastEvent): Promise<void>
}

const PROGRESS_INTERVAL_MS = 400

export function startReporter(output: Writable): EventReporter {
  const named: CopyWarning[] = []
  let warningCount = 0
  let totalBytes = 0
  let latest: { readonly entries: number; readonly bytes: number } | undefined
  let hasMoved = false
  let isFinished = false
  let reportOfCommand: (() => CommandReport) | undefined

  function write(event: MoverEvent): void {
    if (!isFinished) output.write(`${JSON.stringify(event)}\n`)
  }

  function writeProgress(): void {
    if (latest === undefined) return
    const { entries, bytes } = latest
    latest = undefined
    // What is copied may grow while it is read.
    totalBytes = Math.max(totalBytes, bytes)
    write({ event: 'progress', entriesDone: entries, bytesDone: bytes, totalBytes })
  }

  // It also keeps the process alive until the last event, whatever the job waits for.
  const timer = setInterval(writeProgress, PROGRESS_INTERVAL_MS)
  return {
    scanned({ entries, bytes }) {
      totalBytes = bytes
      write({ event: 'scanned', entries, bytes })
    },
    progress(done) {
      latest = done
      if (hasMoved || done.bytes === 0) return
      // The first bytes are told at once: whoever watches sees that data moves.
      hasMoved = true
      writeProgress()
    },
    warning(warning) {
      warningCount += 1
      if (named.length >= NAMED_ENTRIES_MAX) return
      named.push(warning)
      write({ event: 'warning', warning })
    },
    notice: (warning) => write({ event: 'warning', warning }),
    warnings: () => ({ warnings: [...named], warningCount }),
    commandStarted(report) {
      reportOfCommand = report
    },
    async finish(event) {
      clearInterval(timer)
      writeProgress()
      const line = `${JSON.stringify(withCommand(event, reportOfCommand))}\n`
      if (isFinished) return
      isFinished = true
      await new Promise<void>((resolve) => {
        // A reader that is gone needs no last line; the job's outcome is in the repository.
        output.write(line, () => resolve())
      })
    },
  }
}

type LastEvent = Extract<MoverEvent, { readonly event: 'result' | 'failed' }>

function withCommand(event: LastEvent, report: (() => CommandReport) | undefined): LastEvent {
  if (event.event === 'result' || report === undefined) return event
  return event.failure.code === 'command-failed' ? event : { ...event, command: report() }
}
