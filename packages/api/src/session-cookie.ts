// The cookie that a log-in gives to a browser, and the rest of what a request says about its caller.
import type { FastifyRequest } from 'fastify'
import { publicUrlOf } from './application/public-url.ts'
import type { SentCredentials } from './operations/authenticate-request.ts'

/** Over TLS the name itself forbids that another host or a page without TLS sets it (RFC 6265bis). */
const NAME = 'holdfast_session'
const SECURE_NAME = `__Host-${NAME}`

export function credentialsOf(request: FastifyRequest): SentCredentials {
  const { authorization, origin } = request.headers
  const fetchSite = request.headers['sec-fetch-site']
  return {
    method: request.method,
    authorization,
    remoteAddress: request.ip,
    sessionSecret: sessionSecretOf(request),
    origin,
    fetchSite: typeof fetchSite === 'string' ? fetchSite : undefined,
    ownOrigin: URL.parse(publicUrlOf(request))?.origin ?? 'unknown',
  }
}

export function sessionSecretOf(request: FastifyRequest): string | undefined {
  const name = isSecure(request) ? SECURE_NAME : NAME
  const cookies = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim())
  const found = cookies.find((pair) => pair.startsWith(`${name}=`))
  return found?.slice(name.length + 1) || undefined
}

/** `maxAgeSeconds` 0 removes it. */
export function sessionCookie(
  request: FastifyRequest,
  { secret, maxAgeSeconds }: { readonly secret: string; readonly maxAgeSeconds: number },
): string {
  const isSecured = isSecure(request)
  const parts = [
    `${isSecured ? SECURE_NAME : NAME}=${secret}`,
    'Path=/',
    'HttpOnly',
    'SameSite=Strict',
    `Max-Age=${maxAgeSeconds}`,
    ...(isSecured ? ['Secure'] : []),
  ]
  return parts.join('; ')
}

function isSecure(request: FastifyRequest): boolean {
  return publicUrlOf(request).startsWith('https:')
}
