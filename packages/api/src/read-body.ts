// Reads the bytes of a body, in whatever dialect.

/** No body of any dialect comes near it; the largest lists some hundred namespaces. */
export const BODY_BYTES_MAX = 1024 * 1024

/**
 * A body that is too large is read to its end up to this much, so that the client gets to read
 * the answer instead of a connection that broke while it was still sending.
 */
const DRAINED_BYTES_MAX = 64 * 1024 * 1024

export type BodyPayload = AsyncIterable<Uint8Array>

export type ReadBody =
  | { readonly outcome: 'read'; readonly bytes: Uint8Array }
  | { readonly outcome: 'too-large' }
  /** The connection ended before the body did. */
  | { readonly outcome: 'broken' }

export async function readBody(payload: BodyPayload): Promise<ReadBody> {
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of payload) {
      length += chunk.length
      if (length > DRAINED_BYTES_MAX) break
      if (length <= BODY_BYTES_MAX) chunks.push(chunk)
    }
  } catch {
    return { outcome: 'broken' }
  }
  if (length > BODY_BYTES_MAX) return { outcome: 'too-large' }
  return { outcome: 'read', bytes: Buffer.concat(chunks) }
}
