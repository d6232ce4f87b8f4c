// A configured command as the task takes it that runs it.
import type { StreamCommand } from '@holdfast/db'
import { durationMsOf } from '@holdfast/domain'
import type { StreamBackupInput } from './new-task.ts'

export function streamCommandOf(
  { command, timeout }: StreamCommand,
  configuredBy: string,
): StreamBackupInput {
  const limit = timeout === undefined ? {} : { timeoutMs: durationMsOf(timeout) }
  return { command, ...limit, configuredBy }
}
