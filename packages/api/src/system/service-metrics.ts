// `/metrics`: the service itself, for Prometheus. Counts and durations, never a name of a user's.
//
// It needs a token. That a request comes from this machine proves nothing: behind a proxy all do.
// And what it shows (how busy the service is, with which routes) is nobody else's affair.
import { createHash, timingSafeEqual } from 'node:crypto'
import { measureService } from '@holdfast/db'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { Type } from 'typebox'
import { problemResponses } from '../application/operation-description.ts'
import { authenticate } from '../operations/caller.ts'
import type { OperationContext } from '../operations/operation-context.ts'
import { checkPermission } from '../operations/permissions.ts'

export interface MoverCounts {
  readonly working: number
  readonly waiting: number
}

export interface ServiceMetricsOptions {
  /** Lets a monitoring system read them that is no user. */
  readonly metricsToken?: string
  readonly countMovers?: () => MoverCounts
}

/** Of HTTP: answers come at once, and lists of everything take their time. */
const DURATION_BUCKETS_S = [0.005, 0.02, 0.1, 0.5, 2, 10]

export function registerServiceMetrics(
  app: FastifyInstance,
  context: OperationContext,
  options: ServiceMetricsOptions,
): void {
  const registry = new Registry()
  const process = processRegistry()
  measureRequests(app, registry)
  const refresh = makeGauges(registry, context, options)
  app.get('/metrics', {
    config: {
      description: {
        operationId: 'getServiceMetrics',
        summary: 'Metrics of the service',
        description: 'For Prometheus. Needs an owner, or the token of HOLDFAST_METRICS_TOKEN.',
        tags: ['system'],
        response: {
          200: {
            description: 'As asked.',
            content: { [Registry.PROMETHEUS_CONTENT_TYPE]: { schema: Type.String() } },
          },
          ...problemResponses([3, 4, 11, 14, 34, 41]),
        },
      },
    },
    handler: async (request, reply) => {
      await admit(request, context, options)
      await refresh()
      const ofService = await registry.metrics()
      const ofProcess = await process.metrics()
      return reply
        .header('content-type', Registry.PROMETHEUS_CONTENT_TYPE)
        .header('cache-control', 'no-store')
        .send(`${ofService}${ofProcess}`)
    },
  })
}

async function admit(
  { headers, ip }: FastifyRequest,
  { database }: OperationContext,
  { metricsToken }: ServiceMetricsOptions,
): Promise<void> {
  const sent = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1]
  if (metricsToken !== undefined && sent !== undefined && isSame(sent, metricsToken)) return
  const caller = await authenticate(database, {
    authorization: headers.authorization,
    remoteAddress: ip,
  })
  checkPermission(caller, 'read-service-metrics')
}

/** In a time that tells nothing of either. */
function isSame(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(one), digest(other))
}

function measureRequests(app: FastifyInstance, registry: Registry): void {
  const registers = [registry]
  const requests = new Counter({
    name: 'holdfast_http_requests_total',
    help: 'Requests that were answered.',
    labelNames: ['method', 'route', 'status'],
    registers,
  })
  const durations = new Histogram({
    name: 'holdfast_http_request_duration_seconds',
    help: 'From the first byte of the request to the last of the answer.',
    labelNames: ['method', 'route'],
    buckets: DURATION_BUCKETS_S,
    registers,
  })
  app.addHook('onResponse', async (request: FastifyRequest, reply: FastifyReply) => {
    // The pattern, never the path: there are as many of them as there are routes.
    const route = request.is404 ? 'unknown' : (request.routeOptions.url ?? 'unknown')
    const { method } = request
    requests.inc({ method, route, status: String(reply.statusCode) })
    durations.observe({ method, route }, reply.elapsedTime / 1000)
  })
}

/** Answers what brings them up to date. */
function makeGauges(
  registry: Registry,
  { database }: OperationContext,
  { countMovers }: ServiceMetricsOptions,
): () => Promise<void> {
  const gauge = (name: string, help: string, labelNames: string[]) =>
    new Gauge({ name, help, labelNames, registers: [registry] })
  const tasks = gauge('holdfast_unended_tasks', 'Operations under way, parts included.', [
    'kind',
    'state',
  ])
  const deliveries = gauge('holdfast_deliveries', 'Deliveries of notifications.', [
    'channel',
    'state',
  ])
  const movers = gauge('holdfast_movers', 'Movers of this process, and work that waits for one.', [
    'state',
  ])
  const pool = gauge('holdfast_database_connections', 'Of the pool of this process.', ['state'])
  const waiting = gauge('holdfast_database_waiting', 'Statements that wait for a connection.', [])
  return async () => {
    const measures = await measureService(database)
    tasks.reset()
    for (const { kind, state, count } of measures.tasks) tasks.set({ kind, state }, count)
    deliveries.reset()
    for (const { channel, state, count } of measures.deliveries) {
      deliveries.set({ channel, state }, count)
    }
    const counts = countMovers?.() ?? { working: 0, waiting: 0 }
    movers.set({ state: 'working' }, counts.working)
    movers.set({ state: 'waiting' }, counts.waiting)
    const { totalCount, idleCount, waitingCount } = database.pool
    pool.set({ state: 'idle' }, idleCount)
    pool.set({ state: 'busy' }, totalCount - idleCount)
    waiting.set(waitingCount)
  }
}

let ofProcess: Registry | undefined

/** Memory, processor, event loop, garbage collection: there is one process, whoever asks. */
function processRegistry(): Registry {
  if (ofProcess !== undefined) return ofProcess
  ofProcess = new Registry()
  collectDefaultMetrics({ register: ofProcess })
  return ofProcess
}
