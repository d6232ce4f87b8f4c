// A repository in a bucket of an S3 server, as stock restic lays it out.
//
// S3 keeps the contract by itself: a put is seen whole or not at all, is durable when it is
// answered, and has been found by every read and listing from then on since December 2020 at
// Amazon, and at the servers that follow it. Locks of the repository rest on that. Where a server
// offers weaker consistency for a bucket (StorageGRID's `available`), it must not be chosen.
import { EngineError, failureOf } from '../engine-failure.ts'
import type { Backend, ByteRange, ListedObject, ObjectHandle, ObjectKind } from './backend.ts'
import { connectToS3, type S3Connection, type S3Options } from './s3-connection.ts'
import { getObject } from './s3-download.ts'
import { abandonedUploads, abortUpload } from './s3-leftovers.ts'
import { kindPrefix, nameInKey, objectKey, rootOf } from './s3-object-keys.ts'
import { type S3Trouble, s3Failure, troubleOf } from './s3-trouble.ts'
import { putObject } from './s3-upload.ts'

/** As stock restic has it. */
const CONNECTIONS = 5

/** Repeats nothing by itself: to be wrapped with `withRetry`. */
export function s3Backend(options: S3Options): Backend {
  const connection = connectToS3(options)
  return {
    url: connection.url,
    connections: CONNECTIONS,
    create: (signal) => assertBucket(connection, signal),
    save: (handle, content, signal) =>
      about(connection, handle, signal, () =>
        putObject(connection, { key: keyOf(connection, handle), content }, signal),
      ),
    load: (handle, range, signal) => loadObject(connection, handle, range, signal),
    stat: (handle, signal) => statObject(connection, handle, signal),
    list: (kind, signal) => listObjects(connection, kind, signal),
    remove: (handle, signal) => removeObject(connection, handle, signal),
    listLeftovers: async (signal) => {
      const uploads = await about(connection, undefined, signal, () =>
        abandonedUploads(connection, signal),
      )
      return uploads.map(({ key, uploadId }) => `${key} (upload ${uploadId})`)
    },
    removeLeftovers: (signal) =>
      about(connection, undefined, signal, async () => {
        const uploads = await abandonedUploads(connection, signal)
        for (const upload of uploads) await abortUpload(connection, upload, signal)
        return uploads.length
      }),
  }
}

function keyOf({ options }: S3Connection, handle: ObjectHandle): string {
  return objectKey(options.prefix, handle)
}

/** Gives failures their meaning: of the object when the call is about one. */
async function about<Result>(
  connection: S3Connection,
  handle: ObjectHandle | undefined,
  signal: AbortSignal | undefined,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (signal?.aborted === true && error === signal.reason) throw error
    if (handle !== undefined && is(connection, error, 'object-not-found')) {
      const { kind, name } = handle
      throw new EngineError({ code: 'object-not-found', kind, name })
    }
    throw s3Failure(error, connection)
  }
}

function is({ options }: S3Connection, error: unknown, trouble: S3Trouble): boolean {
  return troubleOf(error, options).trouble === trouble
}

/** Buckets are made by who pays for them; a new repository needs nothing in it. */
async function assertBucket(
  connection: S3Connection,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { bucket, prefix } = connection.options
  await about(connection, undefined, signal, () =>
    connection.attempt(
      ({ client, sdk, abortSignal }) =>
        client.send(
          new sdk.ListObjectsV2Command({ Bucket: bucket, Prefix: rootOf(prefix), MaxKeys: 1 }),
          { abortSignal },
        ),
      signal,
    ),
  )
}

async function loadObject(
  connection: S3Connection,
  handle: ObjectHandle,
  range: ByteRange | undefined,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  if (range?.length === 0) {
    // HTTP has no range of nothing; that the object is there is still to be found out.
    await statObject(connection, handle, signal)
    return Buffer.alloc(0)
  }
  const bytes = await about(connection, handle, signal, async () => {
    try {
      return await getObject(connection, { key: keyOf(connection, handle), range }, signal)
    } catch (error) {
      if (range === undefined || !is(connection, error, 'range-beyond-end')) throw error
      return Buffer.alloc(0)
    }
  })
  if (range === undefined || bytes.length === range.length) return bytes
  const { kind, name } = handle
  const sizes = { expectedBytes: range.length, foundBytes: bytes.length }
  throw new EngineError({ code: 'object-truncated', kind, name, ...sizes })
}

async function statObject(
  connection: S3Connection,
  handle: ObjectHandle,
  signal: AbortSignal | undefined,
): Promise<ListedObject> {
  const object = { Bucket: connection.options.bucket, Key: keyOf(connection, handle) }
  const { ContentLength } = await about(connection, handle, signal, () =>
    connection.attempt(
      ({ client, sdk, abortSignal }) =>
        client.send(new sdk.HeadObjectCommand(object), { abortSignal }),
      signal,
    ),
  )
  return { name: handle.name, sizeBytes: ContentLength ?? 0 }
}

async function* listObjects(
  connection: S3Connection,
  kind: ObjectKind,
  signal: AbortSignal | undefined,
): AsyncIterable<ListedObject> {
  if (kind === 'config') {
    const config = await findConfig(connection, signal)
    if (config !== undefined) yield config
    return
  }
  const { bucket, prefix } = connection.options
  const Prefix = kindPrefix(prefix, kind)
  let token: string | undefined
  do {
    const ContinuationToken = token
    const page = await about(connection, undefined, signal, () =>
      connection.attempt(
        ({ client, sdk, abortSignal }) =>
          client.send(new sdk.ListObjectsV2Command({ Bucket: bucket, Prefix, ContinuationToken }), {
            abortSignal,
          }),
        signal,
      ),
    )
    for (const { Key = '', Size = 0 } of page.Contents ?? []) {
      signal?.throwIfAborted()
      const name = nameInKey(prefix, kind, Key)
      if (name !== undefined) yield { name, sizeBytes: Size }
    }
    token = page.IsTruncated === true ? page.NextContinuationToken : undefined
    if (page.IsTruncated === true && (token === undefined || token === ContinuationToken)) {
      const reason = 'a listing is cut off and the server does not say where it goes on'
      throw new EngineError({ code: 'backend-failed', url: connection.url, reason })
    }
  } while (token !== undefined)
}

async function findConfig(
  connection: S3Connection,
  signal: AbortSignal | undefined,
): Promise<ListedObject | undefined> {
  try {
    return await statObject(connection, { kind: 'config', name: '' }, signal)
  } catch (error) {
    if (failureOf(error, 'object-not-found') === undefined) throw error
    return undefined
  }
}

/**
 * S3 answers the removal of a missing object with success, so that it is looked for first. Of two
 * that remove it at once both may succeed.
 */
async function removeObject(
  connection: S3Connection,
  handle: ObjectHandle,
  signal: AbortSignal | undefined,
): Promise<void> {
  await statObject(connection, handle, signal)
  const object = { Bucket: connection.options.bucket, Key: keyOf(connection, handle) }
  await about(connection, handle, signal, () =>
    connection.attempt(
      ({ client, sdk, abortSignal }) =>
        client.send(new sdk.DeleteObjectCommand(object), { abortSignal }),
      signal,
    ),
  )
}
