// Jobs of the dialect: a view of tasks and their steps. A job has one task, which is the task itself
// with its phases: parts of it that are tasks of their own come and go while it runs, and a total
// that grows would make what was done look like less.
import { createHash } from 'node:crypto'
import { findResource, hexIDOf, JOBS, type Job, textOfDetails } from '@holdfast/db'
import type { TaskKind, TaskState } from '@holdfast/domain'
import type { OperationContext } from '../operations/operation-context.ts'
import { type PhaseProgress, phasesOf } from './job-phases.ts'
import { creatorScopeOf, toDateTime } from './scalars.ts'

/** What a request answers that began a job: read after its transaction, so the job is there. */
export async function describeJob(
  { database }: OperationContext,
  {
    accountID,
    taskID,
    action,
  }: { readonly accountID: string; readonly taskID: string; readonly action: string },
) {
  const job = await findResource(database, JOBS, { scope: { accountID, parents: {} }, id: taskID })
  if (job === undefined) throw new RangeError(`The task ${taskID} was written and is not there.`)
  return toJobDescriptor(job, action)
}

/** `action`: `restore`, `delete`, `reconfigure`, `verify` … */
export function toJobDescriptor(job: Job, action: string) {
  return {
    action,
    job: {
      id: hexIDOf(job.id),
      accepted: true,
      queue: queueOf(job),
      schedule: toDateTime(undefined),
      parallel: { tasks: false, sub_queue: null },
      tasks: [
        {
          caption: job.summary,
          header: headerOf(job),
          input: inputOf(job),
          steps: phasesOf(job).map(toStep),
        },
      ],
    },
  }
}

export function toJob(job: Job) {
  const error = errorOf(job)
  const changed = toDateTime(changedAt(job))
  const events = {
    queued: toDateTime(job.createdAt),
    started: toDateTime(job.startedAt),
    completed: toDateTime(job.endedAt),
  }
  return {
    id: hexIDOf(job.id),
    hub_id: hexIDOf(job.accountID),
    queue: queueOf(job),
    caption: job.summary,
    // The same for jobs that do the same to the same thing.
    hash: createHash('sha256').update(`${job.kind} ${job.name} ${job.resourceID}`).digest('hex'),
    events,
    // It begins as soon as it can, and never expires.
    schedule: toDateTime(undefined),
    expires: toDateTime(undefined),
    tasks: [
      {
        id: hexIDOf(job.id),
        caption: job.summary,
        header: headerOf(job),
        events,
        steps: phasesOf(job).map(toStep),
        state: { current: TASK_STATE[job.state], changed },
        input: inputOf(job),
        output: null,
        error,
      },
    ],
    limit_duplicates: false,
    creator: creatorScopeOf({
      accountID: job.accountID,
      createdBy: job.userID,
      isApiKey: job.isByApiKey,
    }),
    state: { current: JOB_STATE[job.state], changed, error },
  }
}

const JOB_STATE = {
  notStarted: 'queued',
  running: 'running',
  cancelling: 'running',
  completed: 'completed',
  cancelled: 'error',
  failed: 'error',
} as const satisfies Readonly<Record<TaskState, string>>

const TASK_STATE = {
  notStarted: 'pending',
  running: 'running',
  cancelling: 'running',
  completed: 'completed',
  cancelled: 'error',
  failed: 'error',
} as const satisfies Readonly<Record<TaskState, string>>

function toStep({ caption, description, startedAt, completedAt }: PhaseProgress) {
  return {
    caption,
    description,
    started: toDateTime(startedAt),
    completed: toDateTime(completedAt),
  }
}

/** Each hub has one: its jobs wait for each other where they work on the same thing. */
function queueOf({ accountID }: Job): string {
  return `hub-${hexIDOf(accountID)}`
}

const HEADERS: Readonly<Record<Exclude<TaskKind, 'immediate' | 'restore'>, string>> = {
  snapshot: 'container.snapshot.create',
  backup: 'container.backup.create',
  move: 'container.backup.move',
  clone: 'container.clone',
  'delete-snapshot': 'container.snapshot.delete',
  'delete-backup': 'container.backup.delete',
  'stream-backup': 'container.backup.create',
  'stream-restore': 'container.backup.restore',
  'verify-bucket': 'hub.integration.verify',
  'schedule-run': 'container.schedule.run',
}

function headerOf({ kind, name, containerBackupIDs }: Job): string {
  if (kind === 'immediate') return name.replace(/^holdfast\./, '')
  if (kind !== 'restore') return HEADERS[kind]
  return containerBackupIDs.length > 0 ? 'container.backup.restore' : 'container.snapshot.restore'
}

/** What it is about, by the dialect's ids. */
function inputOf({ appID, containerBackupIDs, resourceKind, resourceID }: Job) {
  const [backupID] = containerBackupIDs
  return {
    ...(appID === undefined ? {} : { container_id: hexIDOf(appID) }),
    ...(backupID === undefined ? {} : { backup_id: backupID }),
    ...(resourceKind === 'bucket' ? { integration_id: hexIDOf(resourceID) } : {}),
  }
}

function errorOf({ state, stateDetails }: Job) {
  if (JOB_STATE[state] !== 'error') return null
  const message = textOfDetails(stateDetails)
  return { message: message === '' ? `The task is ${state}.` : message }
}

function changedAt({ state, createdAt, startedAt, endedAt, modifiedAt }: Job): Date {
  if (state === 'notStarted') return createdAt
  if (state === 'running') return startedAt ?? modifiedAt
  return endedAt ?? modifiedAt
}
