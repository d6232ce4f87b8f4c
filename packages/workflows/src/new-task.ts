// The `tasks` row of an operation: what users read of it, and the input of its workflow.
import type { CopyRef, NewTask, StateDetail, WorkflowTask } from '@holdfast/db'
import type { AppState, RestoreFilter } from '@holdfast/domain'

interface TaskOrigin {
  readonly accountID: string
  readonly appID: string
  /** Absent when the system itself acts. */
  readonly userID?: string
}

export type TaskRequest = TaskOrigin &
  (
    | { readonly kind: 'snapshot'; readonly snapshotID: string }
    | { readonly kind: 'backup'; readonly backupID: string }
    | ({ readonly kind: 'restore' } & RestoreInput)
    | ({ readonly kind: 'clone' } & CloneInput)
    | { readonly kind: 'delete-snapshot'; readonly snapshotID: string }
    | { readonly kind: 'delete-backup'; readonly backupID: string }
    | ({ readonly kind: 'schedule-run'; readonly scheduleID: string } & ScheduleRunInput)
    | ({ readonly kind: 'stream-backup'; readonly backupID: string } & StreamBackupInput)
    | ({ readonly kind: 'stream-restore' } & StreamRestoreInput)
  )

/** The command as it was configured when the backup was asked for. */
export interface StreamBackupInput {
  readonly command: string
  /** Of the command and its transfer. */
  readonly timeoutMs?: number
  /** Who configured it: only what an owner configured last may run as the superuser. */
  readonly configuredBy: string
}

export interface StreamRestoreInput extends StreamBackupInput {
  readonly source: { readonly kind: 'backup'; readonly id: string }
  /** As of `RestoreInput`. */
  readonly formerState: AppState
  readonly formerStateDetails?: readonly StateDetail[]
}

export interface RestoreInput {
  readonly source:
    | { readonly kind: 'snapshot'; readonly id: string }
    | { readonly kind: 'backup'; readonly id: string }
  /** `Holdfast-In-Use: allow` */
  readonly isInUseAllowed: boolean
  /** The app's state before the operation set it to `restoring`; a cancelled restore goes back to it. */
  readonly formerState: AppState
  /** Why it was `failed`, where it was. */
  readonly formerStateDetails?: readonly StateDetail[]
  /** Absent: the whole copy. */
  readonly restoreFilter?: RestoreFilter
}

/** The new app is that of the task. */
export interface CloneInput {
  readonly source:
    | { readonly kind: 'snapshot'; readonly id: string }
    | { readonly kind: 'backup'; readonly id: string }
  /** The snapshot is being taken for this clone alone, which waits for it and deletes it. */
  readonly isOwnSnapshot: boolean
  /** Of every namespace that is made. */
  readonly namespaceMapping: readonly NamespaceMapping[]
  readonly restoreFilter?: RestoreFilter
}

export interface NamespaceMapping {
  readonly source: string
  readonly destination: string
}

/** The schedule as it was when its time came: it may be changed or deleted meanwhile. */
export interface ScheduleRunInput {
  readonly runID: string
  readonly scheduleName: string
  readonly snapshotRetention: string
  readonly backupRetention: string
  /** Absent: chosen when the copies are made. */
  readonly bucketID?: string
  /** It keeps what the app's backup command writes instead of its volumes. */
  readonly isStream?: boolean
}

/** `id` is a new UUIDv4; the row is inserted (`insertTask`) in the operation's transaction. */
export function newTask(id: string, request: TaskRequest): NewTask {
  const origin = {
    id,
    accountID: request.accountID,
    appID: request.appID,
    ...(request.userID === undefined ? {} : { userID: request.userID }),
  }
  switch (request.kind) {
    case 'snapshot':
      return {
        ...origin,
        kind: 'snapshot',
        name: 'holdfast.snapshot',
        summary: 'Snapshot of an app',
        description: 'Takes a point-in-time copy of every volume of the app where it runs.',
        resourceKind: 'snapshot',
        resourceID: request.snapshotID,
        input: {},
      }
    case 'backup':
      return {
        ...origin,
        kind: 'backup',
        name: 'holdfast.backup',
        summary: 'Backup of an app',
        description: 'Copies every volume of the app and its description into a bucket.',
        resourceKind: 'backup',
        resourceID: request.backupID,
        input: {},
      }
    case 'restore':
      return {
        ...origin,
        kind: 'restore',
        name: 'holdfast.restore',
        summary: 'In-place restore of an app',
        description: 'Stages all volumes, verifies them and exchanges them with the present ones.',
        resourceKind: 'app',
        resourceID: request.appID,
        input: {
          source: request.source,
          isInUseAllowed: request.isInUseAllowed,
          formerState: request.formerState,
          ...(request.formerStateDetails === undefined
            ? {}
            : { formerStateDetails: request.formerStateDetails }),
          ...filterOf(request),
        } satisfies RestoreInput,
      }
    case 'clone':
      return {
        ...origin,
        kind: 'clone',
        name: 'holdfast.clone',
        summary: 'New app from a copy',
        description:
          'Stages all volumes of the copy, verifies them and puts them into new namespaces.',
        resourceKind: 'app',
        resourceID: request.appID,
        input: {
          source: request.source,
          isOwnSnapshot: request.isOwnSnapshot,
          namespaceMapping: request.namespaceMapping,
          ...filterOf(request),
        } satisfies CloneInput,
      }
    case 'delete-snapshot':
      return {
        ...origin,
        kind: 'delete-snapshot',
        name: 'holdfast.snapshot.delete',
        summary: 'Deletion of a snapshot',
        description: 'Cancels the snapshot if it still runs, then gives its space back.',
        resourceKind: 'snapshot',
        resourceID: request.snapshotID,
        input: {},
      }
    case 'delete-backup':
      return {
        ...origin,
        kind: 'delete-backup',
        name: 'holdfast.backup.delete',
        summary: 'Deletion of a backup',
        description: 'Cancels the backup if it still runs, then frees its data in the bucket.',
        resourceKind: 'backup',
        resourceID: request.backupID,
        input: {},
      }
    case 'schedule-run': {
      const { runID, scheduleName, snapshotRetention, backupRetention } = request
      const { bucketID, isStream = false } = request
      return {
        ...origin,
        kind: 'schedule-run',
        name: 'holdfast.schedule.run',
        summary: 'Run of a schedule',
        description: isStream
          ? 'Keeps what the backup command of the app writes, then removes what is too old.'
          : 'Takes a snapshot and a backup of the app, then removes what is not kept.',
        resourceKind: 'schedule',
        resourceID: request.scheduleID,
        input: {
          runID,
          scheduleName,
          snapshotRetention,
          backupRetention,
          ...(bucketID === undefined ? {} : { bucketID }),
          ...(isStream ? { isStream } : {}),
        } satisfies ScheduleRunInput,
      }
    }
    case 'stream-backup':
      return {
        ...origin,
        ...STREAM_BACKUP,
        resourceID: request.backupID,
        input: streamBackupInput(request),
      }
    case 'stream-restore': {
      const { source, formerState, formerStateDetails } = request
      return {
        ...origin,
        kind: 'stream-restore',
        name: 'holdfast.restore.stream',
        summary: 'Restore of an app by its command',
        description:
          'Takes a snapshot of the app, then gives a kept stream to its restore command.',
        resourceKind: 'app',
        resourceID: request.appID,
        input: {
          ...streamBackupInput(request),
          source,
          formerState,
          ...(formerStateDetails === undefined ? {} : { formerStateDetails }),
        } satisfies StreamRestoreInput,
      }
    }
    default: {
      const never: never = request
      return never
    }
  }
}

const STREAM_BACKUP = {
  kind: 'stream-backup',
  name: 'holdfast.backup.stream',
  summary: 'Backup of what a command of an app writes',
  description: 'Runs the backup command of the app and keeps what it writes in a bucket.',
  resourceKind: 'backup',
} as const

function streamBackupInput(input: StreamBackupInput): StreamBackupInput {
  const { command, timeoutMs, configuredBy } = input
  return { command, ...(timeoutMs === undefined ? {} : { timeoutMs }), configuredBy }
}

/** The stream that the run `parent` of a schedule makes. */
export function newStreamTask(
  id: string,
  parent: WorkflowTask,
  stream: StreamBackupInput & { readonly backupID: string },
): NewTask {
  return {
    ...childOf(parent, id),
    ...STREAM_BACKUP,
    resourceID: stream.backupID,
    input: streamBackupInput(stream),
  }
}

/** The snapshot to which what the restore `parent` does can be undone: an ordinary one. */
export function newSafetySnapshotTask(
  id: string,
  parent: WorkflowTask,
  snapshotID: string,
): NewTask {
  return {
    ...childOf(parent, id),
    kind: 'snapshot',
    name: 'holdfast.restore.snapshot',
    summary: 'Snapshot before a restore',
    description: 'Takes a point-in-time copy of every volume of the app before it is restored.',
    resourceKind: 'snapshot',
    resourceID: snapshotID,
    input: { isOfRun: true, isBeforeRestore: true } satisfies CopyInput,
  }
}

function filterOf({ restoreFilter }: Pick<RestoreInput, 'restoreFilter'>) {
  return restoreFilter === undefined ? {} : { restoreFilter }
}

/** A try of the bucket that a user asked for. */
export function newVerifyTask(
  id: string,
  { accountID, userID, bucketID }: Omit<TaskOrigin, 'appID'> & { readonly bucketID: string },
): NewTask {
  return {
    id,
    accountID,
    ...(userID === undefined ? {} : { userID }),
    kind: 'verify-bucket',
    name: 'holdfast.bucket.verify',
    summary: 'Verification of a bucket',
    description: 'Writes, reads, lists and deletes in the bucket.',
    resourceKind: 'bucket',
    resourceID: bucketID,
    input: {},
  }
}

/** A copy that the run `parent` of a schedule makes. */
export function newCopyTask(id: string, parent: WorkflowTask, copy: CopyRef): NewTask {
  const request = { accountID: parent.accountID, appID: parent.appID ?? '' }
  const task =
    copy.kind === 'snapshot'
      ? newTask(id, { ...request, kind: 'snapshot', snapshotID: copy.id })
      : newTask(id, { ...request, kind: 'backup', backupID: copy.id })
  return { ...task, ...childOf(parent, id), input: { isOfRun: true } satisfies CopyInput }
}

interface CopyInput {
  /** A whole copy of its own, although it is a part of a larger task. */
  readonly isOfRun?: boolean
  /** It does not wait until its app is restored: that restore waits for it. */
  readonly isBeforeRestore?: boolean
}

/** Is it the snapshot that a restore takes before it changes the app? */
export function isSafetySnapshot({ input }: WorkflowTask): boolean {
  return (input as CopyInput).isBeforeRestore === true
}

/** The backup that takes this snapshot for itself; null when it is one of its own. */
export function takingBackupTaskID({ parentTaskID, input }: WorkflowTask): string | null {
  return (input as CopyInput).isOfRun === true ? null : parentTaskID
}

/** The snapshot that the backup of `parent` takes for itself. */
export function newSnapshotTask(id: string, parent: WorkflowTask, snapshotID: string): NewTask {
  return {
    ...childOf(parent, id),
    kind: 'snapshot',
    name: 'holdfast.backup.snapshot',
    summary: 'Snapshot for a backup',
    description: 'Takes a point-in-time copy of every volume of the app for its backup.',
    resourceKind: 'snapshot',
    resourceID: snapshotID,
    input: {},
  }
}

export interface MoveInput {
  readonly backupID: string
}

/** One volume of the backup of `parent`. */
export function newMoveTask(
  id: string,
  parent: WorkflowTask,
  { volume, orderHint }: { readonly volume: MovedVolume; readonly orderHint: number },
): NewTask {
  return {
    ...childOf(parent, id),
    orderHint,
    kind: 'move',
    name: 'holdfast.backup.move',
    summary: 'Copy of a volume into a bucket',
    description: `Copies the volume /${volume.namespace}/${volume.key} into the bucket.`.slice(
      0,
      DESCRIPTION_LENGTH_MAX,
    ),
    resourceKind: 'backup-volume',
    resourceID: volume.id,
    input: { backupID: parent.resourceID } satisfies MoveInput,
  }
}

interface MovedVolume {
  readonly id: string
  readonly namespace: string
  readonly key: string
}

/** As the application dialect allows. */
const DESCRIPTION_LENGTH_MAX = 511

function childOf(parent: WorkflowTask, id: string) {
  return {
    id,
    accountID: parent.accountID,
    parentTaskID: parent.id,
    ...(parent.appID === null ? {} : { appID: parent.appID }),
    ...(parent.userID === null ? {} : { userID: parent.userID }),
  }
}
