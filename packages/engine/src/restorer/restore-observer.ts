// What is told while a tree is restored.

export interface RestoreCount {
  /** Entries of every type, the directory itself included. */
  readonly entries: number
  /** Bytes of regular files. */
  readonly bytes: number
}

export interface RestoreWarning {
  readonly code: 'metadata-not-restored'
  /** Below the target; empty for itself. */
  readonly path: Buffer
  readonly message: string
}

export interface RestoreObserver {
  /** After the trees were read: what is to come. */
  onScanned(count: RestoreCount): void
  /** Very often. */
  onProgress(done: RestoreCount): void
  onWarning(warning: RestoreWarning): void
}
