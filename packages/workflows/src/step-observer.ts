// Watches steps pass. Tests use it to stop or kill the process at an exact place.

/**
 * `before`: nothing of the step has happened. `inside`: at a named inner point; every step has at
 * least `done`, when its effect is complete but not yet recorded. `after`: the step is recorded.
 */
export type StepPosition = 'before' | 'inside' | 'after'

export interface StepPassage {
  readonly workflow: string
  readonly workflowID: string
  readonly step: string
  readonly position: StepPosition
  /** The inner point's name; absent outside. */
  readonly point?: string
}

export type StepObserver = (passage: StepPassage) => void | Promise<void>
