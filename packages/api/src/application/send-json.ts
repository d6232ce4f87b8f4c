// Sends JSON with exactly the Content-Type that was decided.
import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'

/** Text of one answer, in pieces when it is long. */
export type JsonAnswer = object | AsyncIterable<string>

export function sendJson(reply: FastifyReply, mediaType: string, answer: JsonAnswer): FastifyReply {
  reply.header('content-type', mediaType)
  if (Symbol.asyncIterator in answer)
    return reply.send(Readable.from(answer, { objectMode: false }))
  // Bytes, since Fastify adds a charset to the type of texts and objects, and clients compare it.
  return reply.send(Buffer.from(JSON.stringify(answer)))
}
