// Puts one object into a bucket: whole and durable once it has returned, or not there at all.
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { S3Call, S3Connection } from './s3-connection.ts'

/** Larger objects go up in parts. Packs stay below it, so that they cost one request. */
export const SINGLE_PUT_BYTES_MAX = 64 * 1024 * 1024
/** A server takes at most 10,000 parts: together 156 GiB, far above any object of a repository. */
const PART_BYTES = 16 * 1024 * 1024
/** Bounds the memory of a large upload: so many parts of 16 MiB. */
const PARTS_AT_ONCE = 2
const CHUNK_BYTES = 256 * 1024

export interface S3Upload {
  readonly key: string
  /** Never referred to once the upload has ended, however it ended. */
  readonly content: readonly Uint8Array[]
}

export async function putObject(
  connection: S3Connection,
  upload: S3Upload,
  signal: AbortSignal | undefined,
): Promise<void> {
  const sizeBytes = upload.content.reduce((sum, part) => sum + part.length, 0)
  const { bucket } = connection.options
  const body = Readable.from(inChunks(upload.content), { objectMode: false })
  try {
    if (sizeBytes > SINGLE_PUT_BYTES_MAX) {
      const requests = Math.ceil(sizeBytes / PART_BYTES)
      const put = (call: S3Call) => putInParts(call, { bucket, key: upload.key, body })
      await connection.attempt(put, signal, requests)
    } else {
      const contentHash = hashOf(upload.content)
      const target = { bucket, key: upload.key, body, sizeBytes, contentHash }
      await connection.attempt((call) => putWhole(call, target), signal)
    }
  } finally {
    body.destroy()
  }
}

interface Target {
  readonly bucket: string
  readonly key: string
  readonly body: Readable
}

/**
 * The hash is part of the signature, so that the server compares what arrives with it: of a stream
 * the SDK would leave it out.
 */
async function putWhole(
  { client, sdk, abortSignal }: S3Call,
  target: Target & { readonly sizeBytes: number; readonly contentHash: string },
): Promise<void> {
  const { bucket, key, body, sizeBytes, contentHash } = target
  const command = new sdk.PutObjectCommand({
    Bucket: bucket,
    Key: key,
    Body: body,
    ContentLength: sizeBytes,
    ContentType: 'application/octet-stream',
  })
  command.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { readonly headers: Record<string, string> }
      request.headers['x-amz-content-sha256'] = contentHash
      return next(args)
    },
    { step: 'build', name: 'signContentHash' },
  )
  await client.send(command, { abortSignal })
}

/** What an upload that failed had stored already is removed, unless we die: see `removeLeftovers`. */
async function putInParts(
  { client, abortSignal }: S3Call,
  { bucket, key, body }: Target,
): Promise<void> {
  const { Upload } = await import('@aws-sdk/lib-storage')
  const upload = new Upload({
    client,
    params: { Bucket: bucket, Key: key, Body: body, ContentType: 'application/octet-stream' },
    partSize: PART_BYTES,
    queueSize: PARTS_AT_ONCE,
    leavePartsOnError: false,
  })
  const stop = (): Promise<void> => upload.abort()
  abortSignal.addEventListener('abort', stop, { once: true })
  try {
    await upload.done()
  } finally {
    abortSignal.removeEventListener('abort', stop)
  }
}

/** Copies: a socket may still hold a chunk when the upload was given up. */
function* inChunks(content: readonly Uint8Array[]): Generator<Buffer> {
  let chunk: Uint8Array[] = []
  let chunkBytes = 0
  for (const part of content) {
    for (let at = 0; at < part.length; ) {
      const piece = part.subarray(at, at + CHUNK_BYTES - chunkBytes)
      chunk.push(piece)
      chunkBytes += piece.length
      at += piece.length
      if (chunkBytes < CHUNK_BYTES) continue
      yield Buffer.concat(chunk)
      chunk = []
      chunkBytes = 0
    }
  }
  if (chunkBytes > 0) yield Buffer.concat(chunk)
}

function hashOf(content: readonly Uint8Array[]): string {
  const hash = createHash('sha256')
  for (const part of content) hash.update(part)
  return hash.digest('hex')
}
