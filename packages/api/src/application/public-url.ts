// How the caller reaches the service, for addresses in answers.
import type { FastifyRequest } from 'fastify'

declare module 'fastify' {
  interface FastifyInstance {
    /** As configured, without a slash at its end. */
    publicUrl: string | undefined
  }
}

/**
 * What is configured, else what was asked. Forwarded headers count where the request came through
 * a trusted proxy: Fastify has put them into the request then.
 */
export function publicUrlOf(request: FastifyRequest): string {
  return request.server.publicUrl ?? `${request.protocol}://${request.host}`
}
