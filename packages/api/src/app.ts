// Builds the HTTP application. It listens to nothing: that is the caller's part.
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
  LogController,
} from 'fastify'
import { registerApplicationDialect } from './application/application-dialect.ts'
import { sendProblem } from './application/problem-response.ts'
import { answerFailure } from './application/problems.ts'
import { compileWhenAsked } from './compile-when-asked.ts'
import {
  answerContainerBadUrl,
  isContainerPath,
  registerContainerDialect,
} from './container/container-dialect.ts'
import type { AuthErrorForm } from './container/envelope.ts'
import { type DiscoverCluster, makeClusterInventories } from './operations/cluster-inventories.ts'
import type { OperationContext } from './operations/operation-context.ts'
import { registerDocumentation } from './system/documentation.ts'
import { type Readiness, registerHealth } from './system/health.ts'
import { registerServiceMetrics, type ServiceMetricsOptions } from './system/service-metrics.ts'
import { registerSession } from './system/session.ts'
import { answerUnreadableRequests } from './unreadable-request.ts'

export interface AppDependencies
  extends Omit<OperationContext, 'inventories'>,
    ServiceMetricsOptions {
  readonly discover: DiscoverCluster
  readonly readiness: () => Promise<Readiness>
  readonly logger: FastifyBaseLogger
  /** Of the product, for the OpenAPI document. */
  readonly version: string
  /** How clients reach the service, without a slash at its end; as they asked when absent. */
  readonly publicUrl?: string
  /** Addresses and networks whose `X-Forwarded-…` headers are believed. */
  readonly trustedProxies?: readonly string[]
  /** How the container dialect answers callers who are not known; as OAuth when absent. */
  readonly containerAuthErrors?: AuthErrorForm
  /** Serves HTTPS when given. */
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer }
}

/** A request must arrive within this time; no answer waits for long work. */
const REQUEST_TIMEOUT_MS = 120_000

export async function buildApp(dependencies: AppDependencies): Promise<FastifyInstance> {
  const app = makeServer(dependencies)
  app.decorate('publicUrl', dependencies.publicUrl)
  // Answers are written as they are; that they conform is what tests are for.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data))
  app.addHook('onResponse', async (request, reply) => {
    const { method, url } = request
    const durationMs = Math.round(reply.elapsedTime)
    const facts = { method, url, status: reply.statusCode, durationMs }
    // Probes and pages of the documentation come without a caller; they would drown the rest.
    const { permission, containerRoute } = request.routeOptions.config
    const isProbe = permission === undefined && containerRoute === undefined && !request.is404
    request.log[isProbe ? 'debug' : 'info'](facts, 'request answered')
  })
  await registerDocumentation(app, dependencies.version)
  registerHealth(app, dependencies.readiness)
  const inventories = makeClusterInventories(dependencies)
  const context = { ...dependencies, inventories }
  registerApplicationDialect(app, context)
  const { containerAuthErrors: authErrors = 'oauth' } = dependencies
  registerContainerDialect(app, context, { authErrors })
  registerSession(app, context)
  registerServiceMetrics(app, context, dependencies)
  return app
}

function makeServer(dependencies: AppDependencies): FastifyInstance {
  const { logger, newID, tls, trustedProxies = [] } = dependencies
  const options: FastifyServerOptions = {
    ...(trustedProxies.length === 0 ? {} : { trustProxy: [...trustedProxies] }),
    loggerInstance: logger,
    genReqId: newID,
    // One line a request, written when it is answered.
    logController: new LogController({
      requestIdLogLabel: 'correlationID',
      disableRequestLogging: true,
    }),
    requestTimeout: REQUEST_TIMEOUT_MS,
    // What arrives while the server stops is answered: the refusal of Fastify itself has neither
    // dialect's form. Its connection is closed after it.
    return503OnClosing: false,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 1024 },
    ajv: {
      onCreate: compileWhenAsked,
      customOptions: {
        allErrors: true,
        coerceTypes: false,
        removeAdditional: false,
        useDefaults: false,
      },
    },
    frameworkErrors: answerBadUrl,
    clientErrorHandler: answerUnreadableRequests(logger, newID),
  }
  if (tls === undefined) return Fastify(options)
  // Only the type of the server below differs, which nothing here looks at.
  const secured: object = { ...options, https: { cert: tls.cert, key: tls.key } }
  return Fastify(secured)
}

/** What the router itself refuses never reaches a hook: percent-encoding that encodes nothing. */
function answerBadUrl(error: Error, request: FastifyRequest, reply: FastifyReply): void {
  request.log.info({ err: error }, 'request refused')
  if (isContainerPath(request.url)) {
    answerContainerBadUrl(reply)
    return
  }
  const facts = { method: request.method, internalProblem: 34 } as const
  sendProblem(request, reply, answerFailure({ code: 'path-unknown' }, facts))
}
