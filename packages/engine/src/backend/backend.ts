// Where the bytes of a repository live.
//
// What the world must guarantee: an object that was saved is found by `load` and `list` from then
// on, by every process; it is durable when `save` returns; it is there whole or not at all. Objects
// are never changed, only made and removed (`config` may be overwritten with the same meaning).

export const OBJECT_KINDS = ['config', 'keys', 'data', 'index', 'snapshots', 'locks'] as const
export type ObjectKind = (typeof OBJECT_KINDS)[number]

export interface ObjectHandle {
  readonly kind: ObjectKind
  /** 64 hex digits; empty for `config`. */
  readonly name: string
}

export interface ListedObject {
  readonly name: string
  readonly sizeBytes: number
}

export interface ByteRange {
  readonly offset: number
  readonly length: number
}

export interface BackendReader {
  /** For people: what stock restic takes after `-r`. */
  readonly url: string
  /** Operations that may usefully run at once. */
  readonly connections: number
  /**
   * Reads `length` bytes from `offset`, or the whole object. Fails with `object-not-found`, or
   * with `object-truncated` when fewer bytes are there than were asked for.
   */
  load(
    handle: ObjectHandle,
    range: ByteRange | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Buffer>
  /** Fails with `object-not-found`. */
  stat(handle: ObjectHandle, signal: AbortSignal | undefined): Promise<ListedObject>
  /**
   * Objects of one kind in any order, skipping names that are not 64 hex digits. An object saved
   * while the listing runs may or may not appear.
   */
  list(kind: ObjectKind, signal: AbortSignal | undefined): AsyncIterable<ListedObject>
  /** Names, for people, of what `removeLeftovers` would remove. */
  listLeftovers(signal: AbortSignal | undefined): Promise<string[]>
}

export interface Backend extends BackendReader {
  /** Makes the containers a new repository needs; repeating it is harmless. */
  create(signal: AbortSignal | undefined): Promise<void>
  /**
   * Saving the same content under the same name again is harmless. Once it has returned, nothing
   * may read `content` any more: its memory is given back.
   */
  save(
    handle: ObjectHandle,
    content: readonly Uint8Array[],
    signal: AbortSignal | undefined,
  ): Promise<void>
  /** Fails with `object-not-found`. */
  remove(handle: ObjectHandle, signal: AbortSignal | undefined): Promise<void>
  /**
   * Removes what saves that died left behind (temporary files), locks excepted; answers how many
   * there were. To be called only under the exclusive lock: then nobody else is saving.
   */
  removeLeftovers(signal: AbortSignal | undefined): Promise<number>
}
