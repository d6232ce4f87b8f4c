// The token that `metadata.continue` carries: where a page ended, bound to what was asked.
import { createHash } from 'node:crypto'
import type { PageKey } from '@holdfast/db'
import { RequestError } from './request-failure.ts'

/** Account, path, filter and order: whoever changes one of them begins anew. */
export type TokenBinding = readonly string[]

const DIGEST_BYTES = 12

export function writeContinueToken(key: PageKey, binding: TokenBinding): string {
  const body = Buffer.from(JSON.stringify([key.order, key.createdAt, key.id]))
  return Buffer.concat([digestOf(body, binding), body]).toString('base64')
}

/**
 * Fails with `query-invalid` for anything but a token of this very list. The digest is no
 * signature: a token reaches nothing that the caller could not list without it.
 */
export function readContinueToken(token: string, binding: TokenBinding): PageKey {
  const bytes = Buffer.from(token, 'base64')
  const body = bytes.subarray(DIGEST_BYTES)
  const isOurs =
    bytes.toString('base64') === token &&
    bytes.length > DIGEST_BYTES &&
    digestOf(body, binding).equals(bytes.subarray(0, DIGEST_BYTES))
  if (!isOurs) {
    const reason = 'is no token that this list answered with the same filter and order'
    throw new RequestError({
      code: 'query-invalid',
      parameters: [{ name: 'continue', reason }],
    })
  }
  const [order, createdAt, id] = JSON.parse(body.toString()) as [string | null, string, string]
  return { order, createdAt, id }
}

function digestOf(body: Uint8Array, binding: TokenBinding): Buffer {
  const hash = createHash('sha256').update('holdfast page 1\n').update(JSON.stringify(binding))
  return hash.update('\n').update(body).digest().subarray(0, DIGEST_BYTES)
}
