// Log-ins of the console: a password becomes a session, whose cookie stands for the user.
import { parseId } from '@holdfast/domain'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Static, type TObject, Type } from 'typebox'
import { problemResponses } from '../application/operation-description.ts'
import { toWireTime } from '../application/shared-schemas.ts'
import { authenticateRequest, refuseCrossSite } from '../operations/authenticate-request.ts'
import type { Caller } from '../operations/caller.ts'
import { logIn, logOut, SESSION_MAX_MS } from '../operations/log-in.ts'
import { makeLoginThrottle } from '../operations/login-throttle.ts'
import type { OperationContext } from '../operations/operation-context.ts'
import { PASSWORD_BYTES_MAX } from '../operations/passwords.ts'
import { credentialsOf, sessionCookie, sessionSecretOf } from '../session-cookie.ts'

const PATH = '/holdfast/v1/session'
const CLOSED = { additionalProperties: false } as const

const LogInSchema = Type.Object(
  {
    email: Type.String({ minLength: 1, maxLength: 320 }),
    password: Type.String({ minLength: 1, maxLength: PASSWORD_BYTES_MAX }),
    newPassword: Type.Optional(
      Type.String({
        maxLength: PASSWORD_BYTES_MAX,
        description: 'Replaces the password. Needed where it must be changed at this log-in.',
      }),
    ),
    accountID: Type.Optional(
      Type.String({ format: 'uuid', description: 'Where several accounts know the address.' }),
    ),
  },
  CLOSED,
)

/** As Fastify and the document take it. */
const LogInBody: TObject = LogInSchema

const SessionSchema = Type.Object(
  {
    userID: Type.String(),
    accountID: Type.String(),
    email: Type.String(),
    role: Type.Optional(Type.String({ description: 'The highest one; absent without any.' })),
    expiresAt: Type.Optional(
      Type.String({ description: 'Latest end of the session; at log-in only.' }),
    ),
  },
  CLOSED,
)

const OK = {
  description: 'Who is logged in.',
  content: { 'application/json': { schema: SessionSchema } },
}

export function registerSession(app: FastifyInstance, context: OperationContext): void {
  const throttle = makeLoginThrottle()
  app.post(PATH, {
    schema: { body: LogInBody },
    config: {
      description: {
        operationId: 'logIn',
        summary: 'Log in',
        description:
          'Answers a session cookie. It ends an hour after its last use, twelve hours after the log-in, with the log-out, and when the password changes. What it writes must come from pages of this service.',
        tags: ['session'],
        security: [],
        body: LogInBody,
        response: { 201: OK, ...problemResponses([7, 8, 9, 11, 41, 81, 85, 166]) },
      },
    },
    handler: async (request, reply) => {
      const sent = credentialsOf(request)
      // Nobody is to be logged in by a page of somebody else; programs send neither header.
      if (sent.origin !== undefined || sent.fetchSite !== undefined) refuseCrossSite(sent)
      const body = request.body as Static<typeof LogInSchema>
      const accountID = parseId<string>(body.accountID ?? '')
      const session = await logIn(context, throttle, {
        email: body.email,
        password: body.password,
        ...(body.newPassword === undefined ? {} : { newPassword: body.newPassword }),
        ...(accountID === undefined ? {} : { accountID }),
        remoteAddress: request.ip,
        ...(sent.sessionSecret === undefined ? {} : { formerSecret: sent.sessionSecret }),
        correlationID: request.id,
      })
      const { secret, caller, expiresAt } = session
      setCookie(request, reply, { secret, maxAgeSeconds: SESSION_MAX_MS / 1000 })
      reply.code(201)
      return { ...toWire(caller), expiresAt: toWireTime(expiresAt) }
    },
  })
  app.get(PATH, {
    config: {
      description: {
        operationId: 'getSession',
        summary: 'Read: session',
        description: 'Who the cookie, or the bearer token, stands for.',
        tags: ['session'],
        response: { 200: OK, ...problemResponses([3, 4, 14, 41]) },
      },
    },
    handler: async (request, reply) => {
      reply.header('cache-control', 'no-store')
      return toWire(await authenticateRequest(context, credentialsOf(request)))
    },
  })
  app.delete(PATH, {
    config: {
      description: {
        operationId: 'logOut',
        summary: 'Log out',
        description: 'Ends the session of the cookie, and removes the cookie.',
        tags: ['session'],
        security: [],
        response: {
          204: { description: 'Nobody is logged in.', type: 'null' },
          ...problemResponses([11, 41]),
        },
      },
    },
    handler: async (request, reply) => {
      const secret = sessionSecretOf(request)
      if (secret !== undefined) {
        refuseCrossSite(credentialsOf(request))
        await logOut(context, secret)
      }
      setCookie(request, reply, { secret: '', maxAgeSeconds: 0 })
      return reply.code(204).send()
    },
  })
}

function setCookie(
  request: FastifyRequest,
  reply: FastifyReply,
  cookie: { readonly secret: string; readonly maxAgeSeconds: number },
): void {
  reply.header('set-cookie', sessionCookie(request, cookie)).header('cache-control', 'no-store')
}

function toWire({ userID, accountID, email, role }: Caller) {
  return { userID, accountID, email, ...(role === undefined ? {} : { role }) }
}
