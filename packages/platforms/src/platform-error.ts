// The one error class of the platforms, recognised by name and `failure`, not by class.
import type { PlatformFailure, ProcessUsingVolume } from './platform.ts'

export class PlatformError extends Error {
  readonly failure: PlatformFailure

  constructor(failure: PlatformFailure, options?: ErrorOptions) {
    super(sentenceOf(failure), options)
    this.name = 'PlatformError'
    this.failure = failure
  }
}

/** The failure of an error of this package, also of one that went through JSON. */
export function platformFailureOf(error: unknown): PlatformFailure | undefined {
  if (!(error instanceof Error) || error.name !== 'PlatformError') return undefined
  return 'failure' in error ? (error.failure as PlatformFailure) : undefined
}

/** True when the same call may succeed without anybody doing anything. */
export function isRetryable(failure: PlatformFailure): boolean {
  switch (failure.code) {
    case 'platform-unreachable':
      return true
    case 'namespace-not-found':
    case 'namespace-exists':
    case 'volume-not-found':
    case 'volume-in-use':
    case 'not-enough-space':
    case 'target-not-writable':
    case 'snapshot-failed':
    case 'exchange-failed':
      return false
    default: {
      const never: never = failure
      return never
    }
  }
}

function sentenceOf(failure: PlatformFailure): string {
  switch (failure.code) {
    case 'namespace-not-found':
      return `Namespace ${failure.namespace} does not exist; create it or choose another.`
    case 'namespace-exists':
      return `Namespace ${failure.namespace} exists already; remove it or choose another.`
    case 'volume-not-found':
      return `Volume ${failure.key} of namespace ${failure.namespace} does not exist.`
    case 'volume-in-use':
      return `In use by ${processList(failure.processes)}; stop them, or allow volumes in use.`
    case 'not-enough-space':
      return (
        `${failure.path} has ${failure.freeBytes} bytes free and ${failure.neededBytes} are ` +
        'needed; free some space and try again.'
      )
    case 'target-not-writable':
      return `${failure.path} cannot be written: ${failure.reason}.`
    case 'snapshot-failed':
      return `The snapshot of ${failure.path} failed: ${failure.reason}.`
    case 'exchange-failed':
      return `${failure.path} could not be exchanged: ${failure.reason}.`
    case 'platform-unreachable':
      return `The platform cannot be reached: ${failure.reason}.`
    default: {
      const never: never = failure
      return never
    }
  }
}

const NAMED_PROCESSES_MAX = 3

function processList(processes: readonly ProcessUsingVolume[]): string {
  const named = processes
    .slice(0, NAMED_PROCESSES_MAX)
    .map(({ pid, command, namespace, key }) => `${command} (pid ${pid}, ${namespace}/${key})`)
  const others = processes.length - named.length
  return others > 0 ? `${named.join(', ')} and ${others} more` : named.join(', ')
}
