// What a program under measurement must be able to do.
import type { Measurement } from './measured-run.ts'

/** One of the two programs under measurement. Each method starts one process and measures it. */
export interface Contender {
  readonly name: string
  readonly description: string
  /** Makes an empty repository; not measured. */
  init(repository: string): Promise<void>
  backup(request: { readonly repository: string; readonly tree: string }): Promise<ContenderBackup>
  restore(request: {
    readonly repository: string
    readonly snapshotID: string
    /** Where the tree was when it was backed up. */
    readonly tree: string
    readonly target: string
  }): Promise<ContenderRestore>
}

export interface ContenderBackup {
  readonly measurement: Measurement
  readonly snapshotID: string
}

export interface ContenderRestore {
  readonly measurement: Measurement
  /** Where the tree lies now: the target or below. */
  readonly restored: string
}
