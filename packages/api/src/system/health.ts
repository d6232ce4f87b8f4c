// `/healthz`: the process answers. `/readyz`: it can do its work.
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import type { OperationDescription } from '../application/operation-description.ts'

export interface Readiness {
  readonly isReady: boolean
  /** Why not: a sentence each, with what to do. */
  readonly reasons: readonly string[]
}

const HealthSchema = Type.Object({ status: Type.Literal('ok') }, { additionalProperties: false })

const ReadinessSchema = Type.Object(
  { status: Type.Enum(['ready', 'not ready']), reasons: Type.Array(Type.String()) },
  { additionalProperties: false },
)

export function registerHealth(app: FastifyInstance, readiness: () => Promise<Readiness>): void {
  app.get('/healthz', {
    config: { description: describe('getHealth', 'The process is alive', { 200: HealthSchema }) },
    handler: async () => ({ status: 'ok' }),
  })
  app.get('/readyz', {
    config: {
      description: describe('getReadiness', 'The service can do its work', {
        200: ReadinessSchema,
        503: ReadinessSchema,
      }),
    },
    handler: async (_request, reply) => {
      const { isReady, reasons } = await readiness()
      reply.code(isReady ? 200 : 503).header('cache-control', 'no-store')
      return { status: isReady ? 'ready' : 'not ready', reasons }
    },
  })
}

function describe(
  operationId: string,
  summary: string,
  schemas: Readonly<Record<number, object>>,
): OperationDescription {
  const responses = Object.entries(schemas).map(([status, schema]) => [
    status,
    {
      description: status === '200' ? 'Yes.' : 'No, and why.',
      content: { 'application/json': { schema } },
    },
  ])
  return {
    operationId,
    summary,
    tags: ['system'],
    security: [],
    response: Object.fromEntries(responses),
  }
}
