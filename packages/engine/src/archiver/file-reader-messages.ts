// What the archiver and its reading threads tell each other.

export interface FileReaderData {
  /** Hex text of the repository's chunker polynomial. */
  readonly polynomial: string
  /**
   * One 32-bit number: bytes of chunks that the reader handed over and nobody has stored yet. The
   * reader sleeps on it, which keeps its loop synchronous and its memory bounded.
   */
  readonly unsavedBytes: SharedArrayBuffer
}

export interface FileRequest {
  readonly id: number
  /** Open for reading. Until the reply `end` or `failed` it must stay open. */
  readonly handle: number
  /** As the open file said; nothing behind it is read. */
  readonly sizeBytes: number
  readonly mtimeNs: bigint
  readonly hasHoles: boolean
}

export type FileReply =
  | { readonly kind: 'chunk'; readonly id: number; readonly chunk: ArrayBuffer }
  /** That many chunks of the least size, all zeros, which were holes and never read. */
  | { readonly kind: 'zero-chunks'; readonly id: number; readonly count: number }
  | { readonly kind: 'end'; readonly id: number; readonly isChanged: boolean }
  | { readonly kind: 'failed'; readonly id: number; readonly errno: string }

/** Beyond this a reader waits until some of its chunks are stored. */
export const UNSAVED_BYTES_MAX = 8 * 1024 * 1024
