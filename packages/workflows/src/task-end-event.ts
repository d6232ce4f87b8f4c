// What is told when a task has ended: that a copy is there, that a restore is done, and, to
// somebody who should read it, that something failed.
import { type NewEvent, type TaskEnd, type TaskSubject, textOfDetails } from '@holdfast/db'
import type { TaskKind } from '@holdfast/domain'

/** All but its id and its time. */
export type TaskEndEvent = Omit<NewEvent, 'id' | 'eventTime'>

interface Telling {
  readonly name: string
  readonly summary: string
  /** `thing` is the copy, the app or the schedule by name; ends without a full stop. */
  readonly sentence: (thing: string) => string
}

interface FailureTelling extends Telling {
  readonly severity: 'warning' | 'critical'
  readonly remedy: string
}

interface Tale {
  readonly completed?: Telling
  readonly failed: FailureTelling
}

const BACKUP: Tale = {
  completed: {
    name: 'holdfast.backup.completed',
    summary: 'Application backup completed',
    sentence: (thing) => `The ${thing} is completed`,
  },
  failed: {
    name: 'holdfast.backup.failed',
    summary: 'Application backup failed',
    severity: 'critical',
    sentence: (thing) => `The ${thing} failed`,
    remedy: 'Remove the cause and back the app up again; its last completed backup is untouched.',
  },
}

/** Undefined: what such a task does is a part of another one, which tells it. */
const TALES: Readonly<Record<TaskKind, Tale | undefined>> = {
  backup: BACKUP,
  'stream-backup': BACKUP,
  snapshot: {
    completed: {
      name: 'holdfast.snapshot.completed',
      summary: 'Application snapshot completed',
      sentence: (thing) => `The ${thing} is completed`,
    },
    failed: {
      name: 'holdfast.snapshot.failed',
      summary: 'Application snapshot failed',
      severity: 'critical',
      sentence: (thing) => `The ${thing} failed`,
      remedy: 'Remove the cause and take the snapshot again.',
    },
  },
  move: undefined,
  restore: {
    completed: {
      name: 'holdfast.app.restored',
      summary: 'Application restored',
      sentence: (thing) => `The ${thing} is restored and ready`,
    },
    failed: {
      name: 'holdfast.app.restore.failed',
      summary: 'Application not restored',
      severity: 'critical',
      sentence: (thing) => `The ${thing} could not be restored`,
      remedy: 'Remove the cause and restore it again. Its data is as it was before.',
    },
  },
  'stream-restore': {
    completed: {
      name: 'holdfast.app.restored',
      summary: 'Application restored',
      sentence: (thing) => `The ${thing} is restored and ready`,
    },
    failed: {
      name: 'holdfast.app.restore.failed',
      summary: 'Application not restored',
      severity: 'critical',
      sentence: (thing) => `The ${thing} could not be restored`,
      remedy:
        'Read in the log of the task what its restore command did, and which snapshot undoes it.',
    },
  },
  clone: {
    completed: {
      name: 'holdfast.app.cloned',
      summary: 'Application cloned/restored',
      sentence: (thing) => `The ${thing} is there and ready`,
    },
    failed: {
      name: 'holdfast.app.clone.failed',
      summary: 'Application not cloned/restored',
      severity: 'critical',
      sentence: (thing) => `The ${thing} could not be made`,
      remedy: 'Remove the cause, delete the failed app and make it again.',
    },
  },
  'delete-snapshot': {
    failed: {
      name: 'holdfast.snapshot.deletion.failed',
      summary: 'Application snapshot not deleted',
      severity: 'warning',
      sentence: (thing) => `The ${thing} could not be deleted`,
      remedy: 'Remove the cause and delete it again.',
    },
  },
  'delete-backup': {
    failed: {
      name: 'holdfast.backup.deletion.failed',
      summary: 'Data of a deleted backup not freed',
      severity: 'warning',
      sentence: (thing) => `The data of the deleted ${thing} is still in its bucket`,
      remedy: 'Make the bucket reachable and writable; the service tries again by itself.',
    },
  },
  'verify-bucket': undefined,
  immediate: undefined,
  // Of a completed one, its copies tell.
  'schedule-run': {
    failed: {
      name: 'holdfast.schedule.failed',
      summary: 'Scheduled run failed',
      severity: 'critical',
      sentence: (thing) => `A run of the ${thing} failed`,
      remedy: 'Remove the cause; the next run comes by itself, and the last good copy is kept.',
    },
  },
}

/** Which failure a completed task of this kind puts an end to. */
export const CLEARED_BY: Readonly<Partial<Record<TaskKind, string>>> = {
  restore: 'holdfast.app.restore.failed',
  'stream-restore': 'holdfast.app.restore.failed',
}

/** `reasons` are sentences, most important first. Undefined: nothing is to be told. */
export function eventOfTaskEnd(
  subject: TaskSubject,
  { state, stateDetails }: TaskEnd,
): TaskEndEvent | undefined {
  const tale = TALES[subject.kind]
  // The snapshot that a backup takes for itself is the backup's affair.
  const isPartOfBackup = subject.kind === 'snapshot' && subject.parentKind === 'backup'
  if (tale === undefined || isPartOfBackup || state === 'cancelled') return undefined
  const common = commonOf(subject)
  const thing = thingOf(subject)
  if (state === 'completed') {
    if (tale.completed === undefined) return undefined
    const { name, summary, sentence } = tale.completed
    const severity = 'informational'
    return { ...common, name, summary, description: `${sentence(thing)}.`, severity }
  }
  const { name, summary, sentence, severity, remedy } = tale.failed
  const reasons = textOfDetails(stateDetails)
  return {
    ...common,
    name,
    summary,
    description: `${sentence(thing)}: ${reasons}`,
    severity,
    correctiveAction: `${remedy} What it did step by step: ${taskURI(subject)}/log`,
    // Part of a larger operation, which tells the failure itself; and what the service tries again
    // and again by itself is told once.
    isNotification: subject.parentKind === undefined && !isRepeatedByItself(subject),
  }
}

function isRepeatedByItself({ kind, userID, isRepetition }: TaskSubject): boolean {
  // Each run of a schedule is one of its own.
  return kind !== 'schedule-run' && userID === undefined && isRepetition
}

function commonOf(subject: TaskSubject) {
  const { accountID, taskID, resourceID, appID, userID } = subject
  const place = placeOf(subject)
  return {
    accountID,
    source: 'holdfast',
    class: userID === undefined ? ('system' as const) : ('user' as const),
    correlationID: taskID,
    resourceID,
    resourceName: place.name,
    resourceURI: place.uri,
    additionalResourceIDs: [...new Set([taskID, ...(appID === undefined ? [] : [appID])])].filter(
      (id) => id !== resourceID,
    ),
    ...(appID === undefined ? {} : { appID }),
    ...(userID === undefined ? {} : { userID }),
  }
}

function thingOf({ resourceKind, resourceName, appName }: TaskSubject): string {
  const app = `app "${appName ?? 'unknown'}"`
  if (resourceKind === 'app') return app
  return `${resourceKind} "${resourceName ?? 'unknown'}" of the ${app}`
}

function placeOf(subject: TaskSubject): { readonly name: string; readonly uri: string } {
  const { accountID, appID, resourceKind, resourceID } = subject
  const account = `/accounts/${accountID}`
  const app = `${account}/k8s/v1/apps/${appID}`
  switch (resourceKind) {
    case 'backup':
      return { name: 'appBackup', uri: `${app}/appBackups/${resourceID}` }
    case 'snapshot':
      return { name: 'appSnap', uri: `${app}/appSnaps/${resourceID}` }
    case 'schedule':
      return { name: 'schedule', uri: `${app}/schedules/${resourceID}` }
    case 'app':
      return { name: 'app', uri: `${account}/k8s/v2/apps/${resourceID}` }
    default:
      return { name: 'task', uri: `${account}/core/v1/tasks/${subject.taskID}` }
  }
}

function taskURI({ accountID, taskID }: TaskSubject): string {
  return `/accounts/${accountID}/holdfast/v1/tasks/${taskID}`
}
