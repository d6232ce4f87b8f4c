// Reads bodies: JSON that says so. Where a route takes none, what is sent is passed over.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { refusalOfSize } from '../body-limits.ts'
import { BODY_BYTES_MAX, type BodyPayload, readBody } from '../read-body.ts'
import { findUnstorableText } from '../storable-text.ts'
import { escapePointer } from './body-validation.ts'
import { RequestError } from './request-failure.ts'

const JSON_TYPE = /^application\/(?:[-.a-z0-9]+\+)?json\s*(?:;|$)/i

export function readJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', async (request: FastifyRequest, payload: BodyPayload) => {
    const read = await readBody(payload)
    if (read.outcome === 'broken') {
      const reason = 'The connection ended before the body did.'
      throw new RequestError({ code: 'request-malformed', reason })
    }
    if (request.routeOptions.config.containerRoute?.body === undefined) return undefined
    if (read.outcome === 'too-large') {
      throw new RequestError({ code: 'body-too-large', bytesMax: BODY_BYTES_MAX })
    }
    if (read.bytes.length === 0) throw emptyBody()
    const contentType = request.headers['content-type']
    if (!JSON_TYPE.test(contentType ?? '')) {
      throw new RequestError({ code: 'body-not-typed', contentType })
    }
    return parseJson(read.bytes)
  })
}

export function emptyBody(): RequestError {
  return new RequestError({ code: 'body-not-json', reason: 'The body is empty.' })
}

function parseJson(bytes: Uint8Array): unknown {
  const body = decode(bytes)
  const refusal = refusalOfSize(body)
  if (refusal !== undefined) {
    throw new RequestError({ code: 'body-breaks-schema', pointer: '', reason: refusal })
  }
  const found = findUnstorableText(body)
  if (found === undefined) return body
  const segments = found.split(/[.[\]]+/).filter((segment) => segment !== '')
  const pointer = segments.map((segment) => `/${escapePointer(segment)}`).join('')
  const reason = 'holds a character that no text can be stored with (NUL or half a surrogate pair)'
  throw new RequestError({ code: 'body-breaks-schema', pointer, reason })
}

function decode(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    const reason = `The body cannot be read as JSON: ${why.replace(/\.?$/, '.')}`
    throw new RequestError({ code: 'body-not-json', reason })
  }
}
