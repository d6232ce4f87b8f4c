// Reads an object of a bucket, or exactly the bytes of it that were asked for.
import type { Readable } from 'node:stream'
import type { ByteRange } from './backend.ts'
import type { S3Call, S3Connection } from './s3-connection.ts'
import { S3AnswerError } from './s3-trouble.ts'

/** Far above every object of a repository: what is larger is none, and would end us. */
const WHOLE_BYTES_MAX = 1024 ** 3

export interface S3Download {
  readonly key: string
  /** `length` at least 1. The whole object when undefined. */
  readonly range: ByteRange | undefined
}

/** Fewer bytes than asked for when the object ends before. */
export async function getObject(
  connection: S3Connection,
  { key, range }: S3Download,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  const { bucket } = connection.options
  return await connection.attempt((call) => getBytes(call, { bucket, key, range }), signal)
}

async function getBytes(
  { client, sdk, abortSignal }: S3Call,
  { bucket, key, range }: S3Download & { readonly bucket: string },
): Promise<Buffer> {
  const answer = await client.send(
    new sdk.GetObjectCommand({
      Bucket: bucket,
      Key: key,
      ...(range === undefined
        ? {}
        : { Range: `bytes=${range.offset}-${range.offset + range.length - 1}` }),
    }),
    { abortSignal },
  )
  const body = answer.Body as Readable | undefined
  if (body === undefined) throw new S3AnswerError('the answer has no body')
  try {
    return await readExactly(body, lengthOf(answer, range))
  } finally {
    // What was not read to its end must not be waited for by the next request.
    body.destroy()
  }
}

/** A server, or a cache before it, that gives another range than was asked for is not believed. */
function lengthOf(
  {
    ContentLength,
    ContentRange,
  }: { readonly ContentLength?: number; readonly ContentRange?: string },
  range: ByteRange | undefined,
): number {
  if (ContentLength === undefined) throw new S3AnswerError('the answer has no length')
  const most = range?.length ?? WHOLE_BYTES_MAX
  const isAsked = range === undefined || ContentRange?.startsWith(`bytes ${range.offset}-`) === true
  if (isAsked && ContentLength <= most) return ContentLength
  throw new S3AnswerError(`${ContentRange ?? `${ContentLength} bytes`} came for ${asked(range)}`)
}

function asked(range: ByteRange | undefined): string {
  return range === undefined ? 'an object' : `${range.length} bytes from ${range.offset}`
}

async function readExactly(body: Readable, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length)
  let filled = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    if (filled + chunk.length > length) throw new S3AnswerError('more bytes came than announced')
    filled += chunk.copy(bytes, filled)
  }
  if (filled < length) throw new S3AnswerError(`${filled} of ${length} announced bytes came`)
  return bytes
}
