// What uploads in parts leave behind when their process dies: invisible, but paid for.
import type { S3Connection } from './s3-connection.ts'
import { kindPrefix, nameInKey, rootOf } from './s3-object-keys.ts'
import { troubleOf } from './s3-trouble.ts'

export interface AbandonedUpload {
  readonly key: string
  readonly uploadId: string
}

/** Not those of locks: they are written without the exclusive lock. */
const KINDS = ['keys', 'data', 'index', 'snapshots'] as const

/** Empty where the server has no such listing, or the access key may not ask for it. */
export async function abandonedUploads(
  connection: S3Connection,
  signal: AbortSignal | undefined,
): Promise<AbandonedUpload[]> {
  const { bucket, prefix } = connection.options
  const found: AbandonedUpload[] = []
  let after: { readonly KeyMarker?: string; readonly UploadIdMarker?: string } | undefined = {}
  while (after !== undefined) {
    const page = await listPage(
      connection,
      { Bucket: bucket, Prefix: rootOf(prefix), ...after },
      signal,
    )
    for (const { Key: key = '', UploadId: uploadId } of page?.Uploads ?? []) {
      if (uploadId !== undefined && isOfRepository(prefix, key)) found.push({ key, uploadId })
    }
    const { NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = page ?? {}
    const goesOn = page?.IsTruncated === true && KeyMarker !== undefined
    after =
      goesOn && (KeyMarker !== after.KeyMarker || UploadIdMarker !== after.UploadIdMarker)
        ? { KeyMarker, ...(UploadIdMarker === undefined ? {} : { UploadIdMarker }) }
        : undefined
  }
  return found
}

async function listPage(
  connection: S3Connection,
  input: { readonly Bucket: string; readonly Prefix: string },
  signal: AbortSignal | undefined,
) {
  try {
    return await connection.attempt(
      ({ client, sdk, abortSignal }) =>
        client.send(new sdk.ListMultipartUploadsCommand(input), { abortSignal }),
      signal,
    )
  } catch (error) {
    const { trouble } = troubleOf(error, connection.options)
    if (trouble !== 'not-implemented' && trouble !== 'access-denied') throw error
    return undefined
  }
}

function isOfRepository(prefix: string, key: string): boolean {
  if (key === `${rootOf(prefix)}config`) return true
  return KINDS.some(
    (kind) =>
      key.startsWith(kindPrefix(prefix, kind)) && nameInKey(prefix, kind, key) !== undefined,
  )
}

/** One that ended meanwhile is as good as aborted. */
export async function abortUpload(
  connection: S3Connection,
  { key, uploadId }: AbandonedUpload,
  signal: AbortSignal | undefined,
): Promise<void> {
  const upload = { Bucket: connection.options.bucket, Key: key, UploadId: uploadId }
  try {
    await connection.attempt(
      ({ client, sdk, abortSignal }) =>
        client.send(new sdk.AbortMultipartUploadCommand(upload), { abortSignal }),
      signal,
    )
  } catch (error) {
    if (troubleOf(error, connection.options).trouble !== 'object-not-found') throw error
  }
}
