// Turns a failure into the sentences that users read in `stateUnready` and `stateDetails`: what
// happened, to which resource, and what to do next, in at most 127 characters each.
import type { StateDetail } from '@holdfast/db'
import type { CommandEnd } from '@holdfast/domain'
import type { WorkflowFailure } from './workflow-failure.ts'

/** The longest text that the application dialect allows in `stateUnready`. */
export const SENTENCE_LENGTH_MAX = 127
/** The rest of the missed entries is counted; all of them are in the volume's own list. */
const NAMED_ENTRIES_MAX = 9

/** At least one sentence; several only for entries that are missing from a copy. */
export function sentencesOf(failure: WorkflowFailure): string[] {
  if (failure.code !== 'copy-incomplete') return [sentenceOf(failure)]
  const named = failure.missed
    .slice(0, NAMED_ENTRIES_MAX)
    .map((entry) => fit`Not captured: ${`${failure.volume ?? ''}/${entry.path}`} (${entry.reason})`)
  // The dialect wants them unique; long paths can become the same when they are shortened.
  return [...new Set([sentenceOf(failure), ...named])]
}

export function stateDetailsOf(failure: WorkflowFailure): StateDetail[] {
  return detailsOf(failure).map((detail) => ({
    type: `urn:holdfast:failure:${failure.code}`,
    title: failure.code.replaceAll('-', ' '),
    detail,
  }))
}

/** The longest text that the application dialect allows in `stateDetails`. */
const DETAIL_LENGTH_MAX = 511

/**
 * There a sentence may be longer: what was found of a bucket says itself what to do about it, and
 * of what a command said the cause stands rarely in the last words alone.
 */
function detailsOf(failure: WorkflowFailure): string[] {
  switch (failure.code) {
    case 'bucket-not-verified':
      return [`The bucket ${failure.bucket} cannot be used: ${failure.reason}`]
    case 'command-failed':
      return [commandSentence(failure, DETAIL_LENGTH_MAX)]
    default:
      return sentencesOf(failure)
  }
}

function sentenceOf(failure: WorkflowFailure): string {
  const volume = failure.volume === undefined ? '' : ` (volume ${failure.volume})`
  switch (failure.code) {
    case 'cancelled':
      return fit`cancelled by ${failure.cancelledBy ?? 'the system'}`
    case 'app-not-found':
      return fit`The app ${failure.appID} does not exist any more.`
    case 'copy-not-found':
      return fit`The copy ${failure.copyID} does not exist any more; choose another one.`
    case 'copy-not-completed':
      return fit`The copy ${failure.copyID} is ${failure.state}, not completed; choose another one.`
    case 'app-without-volumes':
      return fit`The app ${failure.app} has no volume to copy; create its data or change its definition.`
    case 'source-not-copied':
      return fit`The snapshot of the source app failed: ${failure.reason}`
    case 'namespace-not-of-app':
      return fit`The namespace ${failure.namespace} is not in the app's definition; add it and try again.`
    case 'cluster-unreachable':
      return fit`The cluster ${failure.cluster} cannot be reached from this service; check it and try again.`
    case 'bucket-not-supported':
      return fit`The bucket ${failure.bucket} has a provider that this service cannot write to.`
    case 'bucket-not-usable':
      return fit`The bucket ${failure.bucket} cannot be used: ${failure.reason} Change its credential.`
    case 'bucket-not-verified':
      return fit`The bucket ${failure.bucket} cannot be used: ${failure.reason}`
    case 'no-bucket-available':
      return fit`No bucket for the copies of ${failure.app}: ${failure.reason}. Make one available.`
    case 'copy-incomplete':
      return fit`Not captured: ${String(failure.missedCount)} of the entries${volume}. Make them readable and try again.`
    case 'restore-incomplete':
      return fit`Restored ${String(failure.found)} of ${String(failure.expected)} entries${volume}; nothing was changed, try again.`
    case 'hook-failed':
      return fit`The ${failure.stage}-${failure.action} hook ${failure.hook} failed in ${failure.namespace}: ${failure.reason}. Mend or disable it.`
    case 'database-unreachable':
      return fit`The database could not be reached: ${failure.reason}; try again.`
    case 'workflow-lost':
      return 'Its workflow ended without a result; try again.'
    case 'invariant-broken':
      return fit`A defect in the service: ${failure.reason}; please report it.`
    case 'repository-locked':
      return fit`The repository is locked by ${failure.lockedBy} since ${failure.lockedAt}; end that process or remove its lock.`
    case 'repository-unreachable':
      return fit`The bucket cannot be reached: ${failure.reason}; check it and try again.`
    case 'repository-refused':
      return fit`The bucket cannot be used: ${failure.reason}`
    case 'repository-not-found':
      return fit`There is no repository at ${failure.location}; check the bucket.`
    case 'repository-damaged':
      return fit`The repository is damaged: ${failure.reason}; run its check.`
    case 'wrong-password':
      return 'The repository does not open with its stored password; restore its key files.'
    case 'no-space':
    case 'not-enough-space':
      return fit`Not enough space at ${failure.path}: ${bytes(failure.freeBytes)} free, ${bytes(failure.neededBytes)} needed.`
    case 'source-vanished':
      return fit`${failure.path} vanished while it was copied${volume}; try again.`
    case 'source-unreadable':
      return fit`${failure.path} cannot be read${volume}: ${failure.reason}.`
    case 'target-not-writable':
      return fit`${failure.path} cannot be written: ${failure.reason}. Nothing was changed.`
    case 'snapshot-not-found':
      return fit`The repository lacks the snapshot ${failure.repositorySnapshotID}${volume}; choose another copy.`
    case 'verification-failed':
      return fit`${failure.path} does not match the copy${volume}: ${failure.reason}.`
    case 'lock-lost':
      return fit`The lock of the repository was lost: ${failure.reason}; try again.`
    case 'command-failed':
      return commandSentence(failure, SENTENCE_LENGTH_MAX)
    case 'command-refused':
      return fit`The command may not run in ${failure.namespace}: ${failure.reason}`
    case 'command-not-configured':
      return fit`No backup command is configured for ${failure.app} any more.`
    case 'command-interrupted':
      return fit`The command was interrupted (${failure.reason}) and is not run a second time unasked.`
    case 'stopped':
      return fit`The mover was stopped${volume}; try again.`
    case 'mover-died':
      return fit`The mover died${volume} (${failure.signal ?? `exit code ${failure.exitCode}`}); try again.`
    case 'invalid-job':
      return fit`A defect in the service: the mover refused its job (${failure.reason}); please report it.`
    case 'namespace-not-found':
      return fit`The namespace ${failure.namespace} does not exist; create it or change the app.`
    case 'namespace-exists':
      return fit`The namespace ${failure.namespace} exists already; remove it or choose another.`
    case 'volume-not-found':
      return fit`The volume /${failure.namespace}/${failure.key} does not exist any more; try again.`
    case 'volume-in-use':
      return fit`In use by ${processes(failure.processes)}; stop it, or send Holdfast-In-Use: allow.`
    case 'snapshot-failed':
      return fit`The snapshot of ${failure.path} failed: ${failure.reason}.`
    case 'exchange-failed':
      return fit`${failure.path} could not be exchanged: ${failure.reason}. Nothing was changed.`
    case 'platform-unreachable':
      return fit`The platform cannot be reached: ${failure.reason}; try again.`
    default: {
      const never: never = failure
      return never
    }
  }
}

/** Why, and the end of what the command said of it. */
function commandSentence({ end, report, outputTail }: CommandFailure, lengthMax: number): string {
  const how = `The command ${commandEndPhrase(end)}`
  const said = lastWords(report.stderr) || lastWords(outputTail ?? '')
  if (said === '') return fit`${how}.`
  const room = lengthMax - how.length - ': '.length
  return room < SAID_LENGTH_MIN ? fit`${how}.` : `${how}: ${endOf(said, room)}`
}

type CommandFailure = Extract<WorkflowFailure, { readonly code: 'command-failed' }>

/** Less of what a command said tells nobody anything. */
const SAID_LENGTH_MIN = 16

/** `failed with exit code 1`; continues `The command`. */
export function commandEndPhrase(end: CommandEnd): string {
  switch (end.kind) {
    case 'exited':
      return end.exitCode === 0 ? 'ended with exit code 0' : `failed with exit code ${end.exitCode}`
    case 'killed':
      return `was ended by ${end.signal}`
    case 'timed-out':
      return `did not end within ${Math.round(end.timeoutMs / 100) / 10} seconds and was stopped`
    case 'not-started':
      return fit`could not be started (${end.reason})`
    default: {
      const never: never = end
      return never
    }
  }
}

/** The last lines, as one; enough to fill a sentence. */
function lastWords(text: string): string {
  return text
    .slice(-4 * DETAIL_LENGTH_MAX)
    .replaceAll(/\s+/g, ' ')
    .trim()
}

/** PostgreSQL stores no half of a surrogate pair. */
function endOf(text: string, length: number): string {
  return text.length <= length ? text : `…${text.slice(text.length - length + 1)}`.toWellFormed()
}

/**
 * A template that never exceeds the limit: what varies is shortened in its middle, the longest
 * part first, so that what to do next stays readable.
 */
export function fit(texts: TemplateStringsArray, ...values: readonly string[]): string {
  const parts = [...values]
  const fixed = texts.reduce((sum, text) => sum + text.length, 0)
  for (;;) {
    const excess = fixed + parts.reduce((sum, part) => sum + part.length, 0) - SENTENCE_LENGTH_MAX
    if (excess <= 0) break
    const longest = parts.reduce(
      (best, part, at) => (part.length > (parts[best]?.length ?? 0) ? at : best),
      0,
    )
    const part = parts[longest] ?? ''
    if (part.length <= 1) return texts.join('…').slice(0, SENTENCE_LENGTH_MAX)
    parts[longest] = shorten(part, Math.max(1, part.length - excess))
  }
  return texts.map((text, at) => text + (parts[at] ?? '')).join('')
}

function shorten(text: string, length: number): string {
  if (length <= 1) return '…'
  const head = Math.ceil((length - 1) / 2)
  const shortened = `${text.slice(0, head)}…${text.slice(text.length - (length - 1 - head))}`
  // PostgreSQL stores no half of a surrogate pair.
  return shortened.toWellFormed()
}

function bytes(count: number): string {
  if (count >= 1 << 30) return `${(count / (1 << 30)).toFixed(1)} GiB`
  if (count >= 1 << 20) return `${(count / (1 << 20)).toFixed(1)} MiB`
  return `${count} bytes`
}

function processes(list: readonly { readonly pid: number; readonly command: string }[]): string {
  const [first] = list
  if (first === undefined) return 'a process'
  const others = list.length > 1 ? ` and ${list.length - 1} more` : ''
  return `${first.command} (pid ${first.pid})${others}`
}
