// What every part of a restore needs to know.

export interface RestoreContext {
  readonly hostRoot: string
  /** The service's own directory, durable, where no app can write. */
  readonly stateDir: string
  /**
   * Told before and after everything that a crash could cut off: `exchange-begun`,
   * `step-<n>-begun`, `step-<n>-done`, `exchange-done`, `undo-<n>-done`. Tests end the process, or throw, there.
   */
  readonly observe: (point: string) => void | Promise<void>
}
