// Content-defined chunking by Rabin fingerprints (repository format, section 4).

export const CHUNK_SIZE_BYTES_MIN = 512 * 1024
export const CHUNK_SIZE_BYTES_MAX = 8 * 1024 * 1024

/** Synchronous and free of shared state: usable in any thread, one stream at a time. */
export interface Chunker {
  /**
   * Feeds the next bytes of the stream. Answers the offset in `bytes` just behind the last byte
   * of the current chunk when the chunk ends within `bytes`, else undefined: then all of `bytes`
   * was taken. After a cut, feed the rest of `bytes` (from the cut on) again; the next chunk
   * starts there.
   */
  findCut(bytes: Uint8Array): number | undefined
  /** Starts a new stream. What was fed since the last cut is the last chunk of the old one. */
  reset(): void
}

/** `polynomial` is the hex text of the config. Fails with `polynomial-invalid`. */
export declare function createChunker(polynomial: string): Chunker
