// What the threads of the codec are asked and what they answer.
import type { EngineFailure } from '../engine-failure.ts'
import type { BlobId } from '../format/ids.ts'
import type { BlobToEncode, BlobToOpen } from './blob-encoding.ts'

export type CodecTask =
  | { readonly verb: 'hash'; readonly plain: Uint8Array }
  | { readonly verb: 'encode'; readonly blob: BlobToEncode }
  | { readonly verb: 'open'; readonly blob: BlobToOpen }

export interface CodecRequest {
  readonly number: number
  readonly task: CodecTask
}

export type CodecAnswer =
  | { readonly verb: 'hash'; readonly id: BlobId; readonly plain: Uint8Array }
  | { readonly verb: 'encode'; readonly sealed: Uint8Array; readonly uncompressedLength: number }
  | { readonly verb: 'open'; readonly plain: Uint8Array }

export type CodecReply =
  | { readonly number: number; readonly answer: CodecAnswer }
  | { readonly number: number; readonly failure: EngineFailure }
  | { readonly number: number; readonly crash: string }
