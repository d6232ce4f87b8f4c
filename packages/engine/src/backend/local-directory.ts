// A repository in a directory (repository format, sections 1.1 and 1.2).
import type { RandomBytes } from '../crypto/random.ts'
import type { Backend } from './backend.ts'

export interface LocalDirectoryOptions {
  /** Absolute. It need not exist before `create`. */
  readonly path: string
  /** Makes the names of temporary files. */
  readonly randomBytes: RandomBytes
}

export declare function localDirectoryBackend(options: LocalDirectoryOptions): Backend
