// The backup and restore commands of an app: where they run, as whom, and what is told of them in
// the log of their task.
import { isAccountOwner } from '@holdfast/db'
import {
  type CommandEnd,
  type CommandLocation,
  type CommandReport,
  printableText,
} from '@holdfast/domain'
import type { Execution } from './execution.ts'
import { appIDOf, logTask } from './execution.ts'
import { commandEndPhrase } from './failure-sentence.ts'
import type { StreamBackupInput } from './new-task.ts'
import type { FailedEvent } from './run-mover.ts'
import type { StepScope } from './step.ts'
import { appContext } from './workflow-context.ts'
import { WorkflowError } from './workflow-failure.ts'

export interface LocatedAppCommand {
  readonly location: CommandLocation
  readonly namespace: string
}

/**
 * In the app's first namespace, by the rules of hooks. Nothing runs yet. Fails with
 * `command-refused`.
 */
export async function locateAppCommand(
  scope: StepScope,
  { command, configuredBy }: StreamBackupInput,
): Promise<LocatedAppCommand> {
  const { runtime, task } = scope.execution
  const { app, platform } = await appContext(scope, appIDOf(scope.execution))
  const [namespace] = app.namespaces
  if (namespace === undefined) {
    throw new WorkflowError({ code: 'app-without-volumes', app: app.name })
  }
  const { accountID } = task
  const { location, refusal } = await platform.locateCommand({
    id: runtime.randomUUID(),
    namespace,
    command,
    environment: {
      HOLDFAST_APP_ID: app.id,
      HOLDFAST_APP_NAME: app.name,
      HOLDFAST_NAMESPACE: namespace,
      HOLDFAST_TASK_ID: task.id,
      // The backup, or the app that is restored.
      HOLDFAST_RESOURCE_ID: task.resourceID,
    },
    mayRunAsRoot: await isAccountOwner(runtime.database, { accountID, userID: configuredBy }),
  })
  if (location === undefined) {
    throw new WorkflowError({ code: 'command-refused', namespace, reason: refusal })
  }
  return { location, namespace }
}

export type CommandPurpose = 'backup' | 'restore'

export async function logCommandStart(
  execution: Execution,
  purpose: CommandPurpose,
  { namespace, command }: { readonly namespace: string; readonly command: string },
): Promise<void> {
  const shown = printableText(command)
  await logTask(execution, 'info', `Runs the ${purpose} command in ${namespace}: ${shown}`)
}

export async function logCommandSuccess(
  execution: Execution,
  purpose: CommandPurpose,
  report: CommandReport,
): Promise<void> {
  const end = { kind: 'exited', exitCode: 0 } as const
  await logTask(execution, 'info', endLine(purpose, end, report))
  await logStderr(execution, 'info', { purpose, report })
  // Its exit code decides all the same: an empty database may well have an empty dump.
  if (purpose === 'backup' && report.streamedBytes === 0) {
    await logTask(execution, 'warning', 'The backup command wrote nothing: the backup is empty.')
  }
}

/** Nothing where the command did not run. */
export async function logCommandFailure(
  execution: Execution,
  purpose: CommandPurpose,
  { failure, command }: FailedEvent,
): Promise<void> {
  if (failure.code === 'command-failed') {
    const { end, report, outputTail = '' } = failure
    await logTask(execution, 'error', endLine(purpose, end, report))
    await logStderr(execution, 'error', { purpose, report })
    if (outputTail.trim() === '') return
    await logTask(execution, 'error', `The end of what it wrote:\n${outputTail}`)
    return
  }
  if (command === undefined) return
  const line = `The ${purpose} command was ended ${amountOf(purpose, command)}.`
  await logTask(execution, 'error', line)
  await logStderr(execution, 'error', { purpose, report: command })
}

function endLine(purpose: CommandPurpose, end: CommandEnd, report: CommandReport): string {
  const how = `The ${purpose} command ${commandEndPhrase(end)}`
  return end.kind === 'not-started' ? `${how}.` : `${how} ${amountOf(purpose, report)}.`
}

/** `after 1.5 s; it wrote 12 bytes` */
function amountOf(purpose: CommandPurpose, report: CommandReport): string {
  const seconds = (report.durationMs / 1000).toFixed(1)
  const verb = purpose === 'backup' ? 'it wrote' : 'it was given'
  return `after ${seconds} s; ${verb} ${report.streamedBytes} bytes`
}

async function logStderr(
  execution: Execution,
  level: 'info' | 'error',
  { purpose, report }: { readonly purpose: CommandPurpose; readonly report: CommandReport },
): Promise<void> {
  if (report.stderr.trim() === '') return
  const part = report.isStderrCut ? 'The end of the standard error' : 'The standard error'
  await logTask(execution, level, `${part} of the ${purpose} command:\n${report.stderr}`)
}
