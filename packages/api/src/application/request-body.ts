// Reads bodies: JSON, whatever the Content-Type says.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { refusalOfSize } from '../body-limits.ts'
import { BODY_BYTES_MAX, type BodyPayload, readBody } from '../read-body.ts'
import { findUnstorableText } from '../storable-text.ts'
import { RequestError } from './request-failure.ts'

const TYPE_FOR_ALL = 'application/json'

export function acceptAnyBody(app: FastifyInstance): void {
  app.addHook('onRequest', async (request) => {
    if (request.routeOptions.config.isBodyTyped === true) return
    // Clients send JSON as a form, with types of another resource, or with no type at all; a
    // malformed type must not be a reason to refuse either.
    request.raw.headers['content-type'] = TYPE_FOR_ALL
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(TYPE_FOR_ALL, async (request: FastifyRequest, payload: BodyPayload) => {
    const read = await readBody(payload)
    if (read.outcome === 'broken') {
      const reason = 'The connection ended before the body did.'
      throw new RequestError({ code: 'request-malformed', reason })
    }
    if (!hasBody(request)) return undefined
    if (read.outcome === 'too-large') {
      throw new RequestError({ code: 'body-too-large', limitBytes: BODY_BYTES_MAX })
    }
    if (read.bytes.length === 0 && request.routeOptions.config.isBodyOptional === true) return {}
    const body = parseJson(read.bytes)
    refuseLargeBody(body)
    refuseUnstorableText(body)
    return body
  })
}

/** Bodies mean something with POST and PUT only; elsewhere clients send them all the same. */
function hasBody(request: FastifyRequest): boolean {
  if (request.is404 || request.routeOptions.config.isBodyIgnored === true) return false
  return request.method === 'POST' || request.method === 'PUT'
}

function parseJson(bytes: Uint8Array): unknown {
  if (bytes.length === 0) throw notJson('The body is empty.')
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw notJson(`The body cannot be read as JSON: ${reason}`)
  }
}

function refuseLargeBody(body: unknown): void {
  const reason = refusalOfSize(body)
  if (reason === undefined) return
  const members = [{ name: 'body', reason }]
  throw new RequestError({ code: 'body-breaks-schema', members, report: `body ${reason}` })
}

function refuseUnstorableText(body: unknown): void {
  const found = findUnstorableText(body)
  if (found === undefined) return
  const name = found === '' ? 'body' : found
  const reason = 'holds a character that no text can be stored with (NUL or half a surrogate pair)'
  const members = [{ name, reason }]
  throw new RequestError({ code: 'body-breaks-schema', members, report: `${name} ${reason}` })
}

function notJson(reason: string): RequestError {
  return new RequestError({ code: 'body-not-json', reason })
}
