// The application dialect: who may call, how bodies are read, how failures are answered, and the
// routes of every resource.
import { isPassingDatabaseFailure } from '@holdfast/db'
import { parseId } from '@holdfast/domain'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { auditRequests } from '../audit-trail.ts'
import { enterAccount } from '../operations/account-in-setup.ts'
import { authenticateRequest } from '../operations/authenticate-request.ts'
import type { Caller } from '../operations/caller.ts'
import type { OperationContext } from '../operations/operation-context.ts'
import { isOperationError, OperationError } from '../operations/operation-failure.ts'
import type { Permission } from '../operations/permission.ts'
import { checkPermission } from '../operations/permissions.ts'
import { makePathIndex, type PathIndex } from '../path-index.ts'
import { credentialsOf } from '../session-cookie.ts'
import { registerAccountMetrics } from './account-metrics.ts'
import { auditedDialect } from './audit.ts'
import { schemaViolation } from './body-validation.ts'
import { registerExtensions } from './extensions.ts'
import type { OperationDescription } from './operation-description.ts'
import type { ProblemNumber } from './problem-catalogue.ts'
import { ProblemSchema, sendProblem } from './problem-response.ts'
import { type AnsweredFailure, answerFailure } from './problems.ts'
import { acceptAnyBody } from './request-body.ts'
import { isRequestError, RequestError } from './request-failure.ts'
import { registerResources } from './resources.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Absent until it is known who calls. */
    caller: Caller
  }
  interface FastifyContextConfig {
    /** What the caller must be allowed to do. */
    permission?: Permission
    /** What is made here, as in its media type. */
    resourceName?: string
    /** What an unexpected failure here is called. */
    internalProblem?: ProblemNumber
    /** For the OpenAPI document. */
    description?: OperationDescription
    /** For a POST that says everything in its path. */
    isBodyIgnored?: boolean
    /** No body at all is one without members. */
    isBodyOptional?: boolean
    /** The Content-Type says what the body is; elsewhere every body is JSON. */
    isBodyTyped?: boolean
  }
}

export function registerApplicationDialect(app: FastifyInstance, context: OperationContext): void {
  const paths = makePathIndex()
  app.addHook('onRoute', ({ url, method }) => paths.add(url, method))
  app.addSchema(ProblemSchema)
  app.decorateRequest('caller')
  acceptAnyBody(app)
  app.addHook('onRequest', (request) => admit(context, request))
  auditRequests(app, context, auditedDialect(context))
  app.setErrorHandler(answerError)
  app.setNotFoundHandler((request, reply) => answerUnknownPath(paths, request, reply))
  registerResources(app, context)
  registerExtensions(app, context)
  registerAccountMetrics(app, context)
}

/** The token first, whatever else is wrong; then the account; then the role. */
async function admit(context: OperationContext, request: FastifyRequest): Promise<void> {
  const { permission: needed } = request.routeOptions.config
  // The matched route decides, never the text of the URL, which can be written in many ways.
  if (needed === undefined && !isUnknownPathOfOurs(request)) return
  const permission = needed ?? 'read'
  request.caller = await authenticateRequest(context, credentialsOf(request))
  const { account_id: given } = (request.params ?? {}) as { account_id?: string }
  if (given !== undefined) {
    const accountID = parseId<string>(given)
    if (accountID === undefined) {
      throw new OperationError({ code: 'not-found', kind: 'account', id: given })
    }
    request.caller = await enterAccount(context, request.caller, { accountID, permission })
  }
  request.caller = checkPermission(request.caller, permission)
}

function isUnknownPathOfOurs({ is404, url }: FastifyRequest): boolean {
  return is404 && /^\/accounts(?:[/?]|$)/.test(url)
}

function answerUnknownPath(
  paths: PathIndex,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const methods = paths.methodsOf(request.url.split('?')[0] ?? '')
  if (methods.length === 0) throw new RequestError({ code: 'path-unknown' })
  const allowed = [...methods, 'OPTIONS']
  if (request.method === 'OPTIONS') {
    return reply.code(204).header('allow', allowed.join(', ')).send()
  }
  throw new RequestError({ code: 'method-unsupported', allowed })
}

function answerError(
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const failure = failureOf(error)
  const internalProblem = request.routeOptions.config.internalProblem ?? 34
  const answer = answerFailure(failure, { method: request.method, internalProblem })
  const facts = { problem: answer.problem, failure: failure.code }
  if (failure.code === 'internal') request.log.error({ ...facts, err: error }, 'request failed')
  else request.log.info(facts, 'request refused')
  return sendProblem(request, reply, answer)
}

function failureOf(error: FastifyError): AnsweredFailure {
  if (isOperationError(error) || isRequestError(error)) return error.failure
  if (error.validation !== undefined) return schemaViolation(error.validation).failure
  if (isPassingDatabaseFailure(error)) {
    return { code: 'service-not-ready', reason: 'The database does not answer at the moment.' }
  }
  const status = error.statusCode ?? 500
  if (status >= 400 && status < 500) return { code: 'request-malformed', reason: error.message }
  return { code: 'internal' }
}
