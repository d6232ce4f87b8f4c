// Pages of other origins may call with a bearer token, which no browser sends by itself. With the
// cookie of a session they may not: browsers refuse `*` to requests with cookies, and what a cookie
// opened is not shared either.
import type { FastifyReply, FastifyRequest } from 'fastify'

/** A day; browsers keep it for less. */
const PREFLIGHT_SECONDS = 86_400

export function allowOtherOrigins(request: FastifyRequest, reply: FastifyReply): void {
  const { authorization, cookie } = request.headers
  if (authorization === undefined && cookie !== undefined) return
  reply.header('access-control-allow-origin', '*')
  reply.header('access-control-expose-headers', 'WWW-Authenticate, Retry-After')
}

export function answerPreflight(reply: FastifyReply, methods: readonly string[]): FastifyReply {
  const allowed = methods.join(', ')
  return reply
    .code(204)
    .headers({
      allow: allowed,
      'access-control-allow-methods': allowed,
      'access-control-allow-headers': 'Authorization, Content-Type, X-Hub-Id, Holdfast-In-Use',
      'access-control-max-age': String(PREFLIGHT_SECONDS),
    })
    .send()
}
