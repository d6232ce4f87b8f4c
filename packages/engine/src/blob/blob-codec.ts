// Hashing, encoding and opening of blobs, wherever it runs.
import type { MasterKey } from '../crypto/sealed-bytes.ts'
import type { BlobId } from '../format/ids.ts'
import {
  type BlobToEncode,
  type BlobToOpen,
  blobIdOf,
  decodeBlob,
  type EncodedBlob,
  encodeBlob,
} from './blob-encoding.ts'

export interface HashedBlob {
  readonly id: BlobId
  /** The same bytes, perhaps at another place: the buffer that went in may be gone. */
  readonly plain: Uint8Array
}

export interface BlobCodec {
  /** Takes ownership of `plain`. */
  hash(plain: Uint8Array): Promise<HashedBlob>
  /** Takes ownership of `blob.plain`. Fails with `encoding-damaged`. */
  encode(blob: BlobToEncode): Promise<EncodedBlob>
  /** Leaves `blob.sealed` alone. Fails with `blob-corrupt`. */
  open(blob: BlobToOpen): Promise<Buffer>
  close(): Promise<void>
}

/** Does everything in the calling thread. */
export function inlineBlobCodec(key: MasterKey): BlobCodec {
  return {
    hash: async (plain) => ({ id: blobIdOf(plain), plain }),
    encode: async (blob) => encodeBlob(key, blob),
    open: async (blob) => decodeBlob(key, blob),
    close: async () => undefined,
  }
}
