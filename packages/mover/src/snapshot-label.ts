// What a written snapshot says of itself.
import { type RepositorySnapshotLabel, STREAM_TAG } from '@holdfast/domain'
import type { BackupLabel } from '@holdfast/engine'
import type { JobContext } from './job-context.ts'
import { MoverError } from './mover-error.ts'

const PROGRAM_VERSION = 'holdfast 0.1.0'

export function backupLabel(
  { time, hostname, logicalPath, tags }: RepositorySnapshotLabel,
  { process }: JobContext,
): BackupLabel {
  const { username, uid, gid } = process
  const timeNs = instantOf(time).epochNanoseconds
  const programVersion = PROGRAM_VERSION
  return { timeNs, hostname, username, uid, gid, tags, programVersion, logicalPath }
}

function instantOf(time: string): Temporal.Instant {
  try {
    return Temporal.Instant.from(time)
  } catch {
    throw new MoverError({ code: 'invalid-job', reason: 'the time of its label is not RFC 3339' })
  }
}

/** Tags that together name the copy of one volume. A copy of whichever attempt counts as done. */
const COPY_TAGS = ['backup=', 'snapshot=', 'namespace=', 'volume='] as const

/**
 * The tags by which an earlier run of the same job is found; undefined when the label does not
 * name one.
 */
export function copyTags(tags: readonly string[]): readonly string[] | undefined {
  const found = tags.filter((tag) => COPY_TAGS.some((prefix) => tag.startsWith(prefix)))
  const has = (prefix: string) => found.some((tag) => tag.startsWith(prefix))
  return (has('backup=') || has('snapshot=')) && has('volume=') ? found : undefined
}

/** As `copyTags`, for what a command wrote: one of each backup. */
export function streamTags(tags: readonly string[]): readonly string[] | undefined {
  const found = tags.filter((tag) => tag.startsWith('backup=') || tag === STREAM_TAG)
  return found.length === 2 && found.includes(STREAM_TAG) ? found : undefined
}
