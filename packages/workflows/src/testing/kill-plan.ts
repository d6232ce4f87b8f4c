// Where a process is to be killed.
import type { StepName, WorkflowName } from '../step-names.ts'
import type { StepPassage } from '../step-observer.ts'

/**
 * `inside`: the first named inner point that the step passes, which is `done` for a step that has
 * no other. `done`: the effect is complete, nothing recorded.
 */
export const KILL_POSITIONS = ['before', 'inside', 'done', 'after'] as const
export type KillPosition = (typeof KILL_POSITIONS)[number]

export interface Kill {
  readonly workflow: WorkflowName
  readonly step: StepName
  /** A mover is killed when it has just started, so the position does not matter to it. */
  readonly position: KillPosition
  readonly process: 'service' | 'mover'
}

export interface ServiceProgramInput {
  readonly databaseUrl: string
  readonly home: string
  readonly hostRoot: string
  /** In this order: the next one is looked for when the one before has happened. */
  readonly kills: readonly Kill[]
  /** Asks for the cancel of a task when this step begins. */
  readonly cancel?: { readonly step: StepName; readonly taskID: string }
}

/** One line of the program's standard output. */
export type ServiceProgramLine =
  | { readonly event: 'ready' }
  | { readonly event: 'killing'; readonly kill: Kill }
  | { readonly event: 'log'; readonly level: string; readonly message: string }

export function isPlaceOf(kill: Kill, passage: StepPassage): boolean {
  if (kill.workflow !== passage.workflow || kill.step !== passage.step) return false
  if (kill.process === 'mover') return passage.point === 'mover-started'
  switch (kill.position) {
    case 'before':
    case 'after':
      return passage.position === kill.position
    case 'inside':
      return passage.position === 'inside'
    case 'done':
      return passage.point === 'done'
    default: {
      const never: never = kill.position
      return never
    }
  }
}
