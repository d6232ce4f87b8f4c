// The steps of a job as its readers see them: of each kind of task a fixed list of phases, there
// from the start, so that the total never changes while somebody counts what is done.
//
// A phase has begun when a step of it or of a later one began, and is completed when a later one
// began. The last one is completed with the task itself, in the same statement; so 100 % is never
// early. What a workflow also does after a failure (hooks that thaw, what it undoes) begins none.
import type { Job, JobStep } from '@holdfast/db'
import type { STEP_NAMES, WorkflowName } from '@holdfast/workflows'

export interface Phase {
  readonly caption: string
  readonly description: string
}

export interface PhaseProgress extends Phase {
  readonly startedAt?: Date
  readonly completedAt?: Date
}

type StepOf<Workflow extends WorkflowName> = (typeof STEP_NAMES)[Workflow][number]

interface PhasesOf<Workflow extends WorkflowName> {
  readonly phases: readonly Phase[]
  /** The phase that a step belongs to, counted from 0; `null` begins none. */
  readonly steps: Readonly<Record<StepOf<Workflow>, number | null>>
}

/** Not of `immediate`, which has nothing to follow. */
const PHASES: { readonly [Workflow in WorkflowName]: PhasesOf<Workflow> } = {
  snapshot: {
    phases: [
      phase('Prepare', 'Finds the volumes, and waits for other work on them.'),
      phase('Take the snapshots', 'Takes a point-in-time copy of every volume.'),
      phase('Describe', 'Writes down what was copied.'),
    ],
    steps: {
      'await-app': 0,
      'begin-snapshot': 0,
      discover: 0,
      'take-turn': 0,
      'pre-snapshot-hooks': 1,
      'discover-new': 1,
      'take-volume-snapshot': 1,
      'ensure-local-repository': 1,
      'copy-volume': 1,
      'post-snapshot-hooks': null,
      'give-turn': null,
      'ensure-repository': 2,
      'describe-snapshot': 2,
      'complete-snapshot': 2,
      'end-snapshot': 2,
      'undo-snapshot': null,
      'fail-snapshot': null,
    },
  },
  backup: {
    phases: [
      phase('Prepare', 'Finds the volumes of the container.'),
      phase('Take the snapshot', 'Takes a point-in-time copy of every volume.'),
      phase('Copy the data', 'Copies every volume to the integration.'),
      phase('Verify', 'Compares what was captured with what was expected, and describes it.'),
      phase('Finish', 'Removes what was needed for the copy alone.'),
    ],
    steps: {
      'await-app': 0,
      'begin-backup': 0,
      discover: 0,
      'pre-backup-hooks': 1,
      'create-snapshot': 1,
      'ensure-repository': 2,
      'prepare-moves': 2,
      'verify-backup': 3,
      'post-backup-hooks': null,
      'describe-backup': 3,
      'commit-backup': 3,
      'forget-other-attempts': 4,
      'drop-snapshot': 4,
      'end-backup': 4,
      'undo-backup': null,
      'fail-backup': null,
    },
  },
  move: {
    phases: [phase('Copy the data', 'Copies the volume to the integration.')],
    steps: { 'move-volume': 0, 'end-move': 0, 'fail-move': null },
  },
  restore: {
    phases: [
      phase('Prepare', 'Reads what the backup holds, and makes room for it.'),
      phase('Restore the data', 'Writes every volume beside its present one and verifies it.'),
      phase('Exchange', 'Puts the restored volumes into the place of the present ones.'),
      phase('Finish', 'Runs the hooks and removes what was replaced.'),
    ],
    steps: {
      'plan-restore': 0,
      'prepare-restore': 0,
      'restore-volume': 1,
      'pass-commit': 2,
      'commit-restore': 2,
      'restore-hooks': 3,
      'app-ready': 3,
      'finish-restore': 3,
      'end-restore': 3,
      'rollback-restore': null,
      'fail-restore': null,
    },
  },
  clone: {
    phases: [
      phase('Prepare', 'Waits for the copy, reads what it holds and makes room for it.'),
      phase('Restore the data', 'Writes every volume and verifies it.'),
      phase('Exchange', 'Puts the volumes into their places.'),
      phase('Finish', 'Runs the hooks and removes what was needed for the copy alone.'),
    ],
    steps: {
      'await-source': 0,
      'plan-clone': 0,
      'prepare-restore': 0,
      'restore-volume': 1,
      'pass-commit': 2,
      'commit-restore': 2,
      'discover-clone': 2,
      'restore-hooks': 3,
      'app-ready': 3,
      'finish-restore': 3,
      'drop-source': null,
      'end-clone': 3,
      'rollback-restore': null,
      'fail-clone': null,
    },
  },
  'delete-backup': {
    phases: [
      phase('Stop', 'Stops the backup if it is still being made.'),
      phase('Delete', 'Removes the backup from its integration.'),
      phase('Free the space', 'Removes the data that no other backup needs.'),
    ],
    steps: {
      'cancel-backup': 0,
      'forget-backup': 1,
      prune: 2,
      'end-delete-backup': 2,
      'fail-delete-backup': null,
    },
  },
  'delete-snapshot': {
    phases: [
      phase('Stop', 'Stops the snapshot if it is still being taken.'),
      phase('Delete', 'Removes the snapshot of every volume.'),
      phase('Free the space', 'Removes the data that nothing else needs.'),
    ],
    steps: {
      'cancel-snapshot': 0,
      'drop-volumes': 1,
      'forget-description': 1,
      prune: 2,
      'end-delete-snapshot': 2,
      'fail-delete-snapshot': null,
    },
  },
  'stream-backup': {
    phases: [
      phase('Prepare', 'Finds the integration and the place where the command runs.'),
      phase('Run the command', 'Stores what the backup command writes while it runs.'),
      phase('Describe', 'Writes the description of the backup to the integration.'),
      phase('Finish', 'Removes what interrupted tries left behind.'),
    ],
    steps: {
      'await-app': 0,
      'begin-backup': 0,
      'ensure-repository': 0,
      'locate-command': 0,
      'stream-command': 1,
      'describe-backup': 2,
      'commit-backup': 2,
      'forget-other-attempts': 3,
      'end-backup': 3,
      'undo-backup': null,
      'fail-backup': null,
    },
  },
  'stream-restore': {
    phases: [
      phase('Prepare', 'Reads what the backup holds, and how it is restored.'),
      phase('Take a safety snapshot', 'Takes a snapshot that can undo the restore.'),
      phase('Run the command', 'Gives the restore command what was backed up.'),
      phase('Finish', 'Runs the hooks and ends the restore.'),
    ],
    steps: {
      'plan-restore': 0,
      'request-safety-snapshot': 1,
      'note-safety-snapshot': 1,
      'run-restore-command': 2,
      'restore-hooks': 3,
      'app-ready': 3,
      'end-restore': 3,
      'fail-restore': null,
    },
  },
  'verify-bucket': {
    phases: [
      phase('Try the integration', 'Writes, reads, lists and deletes in the bucket.'),
      phase('Finish', 'Writes down what was found.'),
    ],
    steps: { 'verify-bucket': 0, 'end-verify': 1, 'fail-verify': null },
  },
  'schedule-run': {
    phases: [
      phase('Take the snapshot', 'Takes a snapshot where the schedule keeps any.'),
      phase('Make the backup', 'Makes a backup and removes what the schedule does not keep.'),
    ],
    steps: {
      'request-snapshot': 0,
      'request-backup': 1,
      // It runs after a failure, too.
      'apply-retention': null,
      'end-run': 1,
      'fail-run': null,
    },
  },
}

const IMMEDIATE: readonly Phase[] = [phase('Done', 'Done with its request.')]

/** Of the same instant as `job`. */
export function phasesOf({
  kind,
  state,
  endedAt,
  steps,
}: Pick<Job, 'kind' | 'state' | 'endedAt' | 'steps'>): readonly PhaseProgress[] {
  const phases = kind === 'immediate' ? IMMEDIATE : PHASES[kind].phases
  const completedAt = state === 'completed' ? endedAt : undefined
  const begins = beginsOf(kind, steps, phases.length)
  return phases.map(({ caption, description }, at) => {
    const startedAt = earliest([...begins.slice(at), completedAt])
    const endOfPhase = earliest([...begins.slice(at + 1), completedAt])
    return {
      caption,
      description,
      ...(startedAt === undefined ? {} : { startedAt }),
      ...(endOfPhase === undefined ? {} : { completedAt: endOfPhase }),
    }
  })
}

/** When the first step of each phase began. */
function beginsOf(
  kind: Job['kind'],
  steps: readonly JobStep[],
  count: number,
): readonly (Date | undefined)[] {
  const begins: (Date | undefined)[] = Array.from({ length: count })
  if (kind === 'immediate') return begins
  const phaseOf: Readonly<Record<string, number | null>> = PHASES[kind].steps
  for (const { name, startedAt } of steps) {
    // A step of a former version of the service has none.
    const at = phaseOf[name] ?? null
    if (at !== null) begins[at] = earliest([begins[at], startedAt])
  }
  return begins
}

function earliest(instants: readonly (Date | undefined)[]): Date | undefined {
  return instants.reduce(
    (first, one) => (first === undefined || (one !== undefined && one < first) ? one : first),
    undefined,
  )
}

function phase(caption: string, description: string): Phase {
  return { caption, description }
}
