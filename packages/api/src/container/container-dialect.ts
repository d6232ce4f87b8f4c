// The container dialect, below `/v1`: how its failures are answered, what is not there, and its
// routes. Nothing of the other dialect holds here.
import { isPassingDatabaseFailure } from '@holdfast/db'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { auditRequests } from '../audit-trail.ts'
import type { OperationContext } from '../operations/operation-context.ts'
import { isOperationError } from '../operations/operation-failure.ts'
import { makePathIndex, type PathIndex } from '../path-index.ts'
import { auditedDialect } from './audit.ts'
import { pointsInto, schemaViolation } from './body-validation.ts'
import { allowOtherOrigins, answerPreflight } from './cross-origin.ts'
import { type AuthErrorForm, errorBody, sendError } from './envelope.ts'
import { statusOf } from './error-catalogue.ts'
import { type AnsweredFailure, answerFailure, type ErrorAnswer } from './problems.ts'
import { admit, registerRoute } from './register-route.ts'
import { emptyBody, readJsonBodies } from './request-body.ts'
import { isRequestError, RequestError } from './request-failure.ts'
import { ROUTES } from './routes.ts'
import { ErrorEnvelopeSchema, OAuthErrorSchema } from './schemas.ts'

const PREFIX = '/v1'

export interface ContainerDialectOptions {
  readonly authErrors: AuthErrorForm
}

export function registerContainerDialect(
  app: FastifyInstance,
  context: OperationContext,
  { authErrors }: ContainerDialectOptions,
): void {
  const register = async (scope: FastifyInstance): Promise<void> => {
    const paths = makePathIndex()
    scope.addHook('onRoute', ({ url, method }) => paths.add(url, method))
    scope.addSchema(ErrorEnvelopeSchema).addSchema(OAuthErrorSchema)
    scope.decorateRequest('containerQuery')
    scope.decorateRequest('auditSubject')
    readJsonBodies(scope)
    scope.addHook('onRequest', async (request, reply) => {
      allowOtherOrigins(request, reply)
      await admit(context, request)
    })
    auditRequests(scope, context, auditedDialect(context))
    scope.setErrorHandler((error: FastifyError, request, reply) =>
      answerError(error, request, reply, authErrors),
    )
    scope.setNotFoundHandler((request, reply) => answerUnknownPath(paths, request, reply))
    for (const route of ROUTES) registerRoute(scope, context, route)
  }
  app.register(register, { prefix: PREFIX })
}

export function isContainerPath(url: string): boolean {
  return /^\/v1(?:[/?]|$)/.test(url)
}

/** For what the router refuses before any route is found. */
export function answerContainerBadUrl(reply: FastifyReply): FastifyReply {
  return sendError(reply, answerFailure({ code: 'path-unknown' }), 'envelope')
}

/** The answer to what never became a request. */
export function containerErrorOf(failure: AnsweredFailure) {
  const answer = answerFailure(failure)
  const body = Buffer.from(JSON.stringify(errorBody(answer, 'envelope')))
  return { status: statusOf(answer.code), code: answer.code, body }
}

function answerUnknownPath(
  paths: PathIndex,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const methods = paths.methodsOf(request.url.split('?')[0] ?? '')
  if (methods.length === 0) throw new RequestError({ code: 'path-unknown' })
  const allowed = [...methods, 'OPTIONS']
  if (request.method === 'OPTIONS') return answerPreflight(reply, allowed)
  throw new RequestError({ code: 'method-unsupported', allowed })
}

function answerError(
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
  authErrors: AuthErrorForm,
): FastifyReply {
  const failure = failureOf(error, request)
  const plain = answerFailure(failure)
  const answer = isOperationError(error) ? withTrueSource(plain, request.body) : plain
  const facts = { problem: answer.code, failure: failure.code }
  if (failure.code === 'internal') request.log.error({ ...facts, err: error }, 'request failed')
  else request.log.info(facts, 'request refused')
  return sendError(reply, answer, authErrors)
}

/** Operations name what they were given; where that is not what was sent, it is not pointed to. */
function withTrueSource(answer: ErrorAnswer, body: unknown): ErrorAnswer {
  const { source, ...others } = answer
  return source === undefined || pointsInto(body, source) ? answer : others
}

function failureOf(error: FastifyError, request: FastifyRequest): AnsweredFailure {
  if (isOperationError(error) || isRequestError(error)) return error.failure
  if (error.validation !== undefined) {
    const violation = request.body === undefined ? emptyBody() : schemaViolation(error.validation)
    return violation.failure
  }
  if (error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return { code: 'body-not-typed', contentType: request.headers['content-type'] }
  }
  if (isPassingDatabaseFailure(error)) {
    return { code: 'service-not-ready', reason: 'The database does not answer at the moment.' }
  }
  const status = error.statusCode ?? 500
  if (status >= 400 && status < 500) {
    return { code: 'request-malformed', reason: `${error.message.replace(/\.?$/, '.')}` }
  }
  return { code: 'internal' }
}
