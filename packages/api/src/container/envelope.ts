// The root documents: `{data, includes?, meta?}`, and `{error, data: null}`.
import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { ERROR_TITLES, statusOf } from './error-catalogue.ts'
import type { ErrorAnswer } from './problems.ts'
import type { LongAnswer, RouteAnswer } from './route-definition.ts'

/** How callers who are not known are answered: as OAuth 2 does it (RFC 6749, 6750), or as all others. */
export type AuthErrorForm = 'oauth' | 'envelope'

export async function sendAnswer(
  reply: FastifyReply,
  answer: RouteAnswer | LongAnswer,
): Promise<FastifyReply> {
  if ('batches' in answer) return await sendLong(reply, answer)
  const { data, includes, meta } = answer
  return sendJson(reply, {
    data,
    ...(includes === undefined ? {} : { includes }),
    ...(meta === undefined ? {} : { meta }),
  })
}

async function sendLong(
  reply: FastifyReply,
  { batches, includes }: LongAnswer,
): Promise<FastifyReply> {
  const iterator = batches[Symbol.asyncIterator]()
  // A list that cannot be read is still answered with an error: nothing was sent yet.
  const first = await iterator.next()
  async function* text(): AsyncGenerator<string> {
    yield '{"data":['
    let separator = ''
    for (let batch = first; batch.done !== true; batch = await iterator.next()) {
      const items = batch.value.map((item) => JSON.stringify(item))
      if (items.length > 0) yield separator + items.join(',')
      if (items.length > 0) separator = ','
    }
    yield includes === undefined ? ']}' : `],"includes":${JSON.stringify(await includes())}}`
  }
  setJsonHeaders(reply)
  return reply.send(Readable.from(text(), { objectMode: false }))
}

export function sendError(
  reply: FastifyReply,
  answer: ErrorAnswer,
  authErrors: AuthErrorForm,
): FastifyReply {
  reply.code(statusOf(answer.code)).headers(answer.headers ?? {})
  return sendJson(reply, errorBody(answer, authErrors))
}

/** Every one has the member `error`: clients look into it without asking whether it is there. */
export function errorBody(answer: ErrorAnswer, authErrors: AuthErrorForm): object {
  const { code, detail, source, capability, oauth } = answer
  if (oauth !== undefined && authErrors === 'oauth') {
    return { error: oauth, error_description: detail }
  }
  return {
    error: {
      status: statusOf(code),
      code,
      title: ERROR_TITLES[code],
      detail,
      ...(source === undefined ? {} : { source }),
      ...(capability === undefined ? {} : { extra: { capability } }),
    },
    data: null,
  }
}

function sendJson(reply: FastifyReply, body: object): FastifyReply {
  setJsonHeaders(reply)
  // Bytes, since Fastify adds a charset to the type of anything else.
  return reply.send(Buffer.from(JSON.stringify(body)))
}

function setJsonHeaders(reply: FastifyReply): void {
  // Answers hold keys and what was true at this instant.
  reply.header('cache-control', 'no-store').header('content-type', 'application/json')
}
