// `GET /accounts/{id}/metrics`: the account as OpenMetrics.
import { type AccountMeasures, measureAccount } from '@holdfast/db'
import type { FastifyInstance } from 'fastify'
import { Gauge, Registry } from 'prom-client'
import { Type } from 'typebox'
import type { OperationContext } from '../operations/operation-context.ts'
import { type Query, refuseParameters } from './list-parameters.ts'
import { problemResponses } from './operation-description.ts'

const OPEN_METRICS = Registry.OPENMETRICS_CONTENT_TYPE
const PROMETHEUS = Registry.PROMETHEUS_CONTENT_TYPE

export function registerAccountMetrics(app: FastifyInstance, { database }: OperationContext): void {
  app.get('/accounts/:account_id/metrics', {
    config: {
      permission: 'read-metrics',
      internalProblem: 101,
      description: {
        operationId: 'getAccountMetrics',
        summary: 'Read: metrics of the account',
        description: 'Every metric of the account, as OpenMetrics, or as Prometheus reads text.',
        tags: ['metrics'],
        params: Type.Object({ account_id: Type.String({ format: 'uuid' }) }),
        response: {
          200: {
            description: 'As asked.',
            content: {
              [OPEN_METRICS]: { schema: Type.String() },
              [PROMETHEUS]: { schema: Type.String() },
            },
          },
          ...problemResponses([2, 3, 4, 6, 11, 14, 41, 101]),
        },
      },
    },
    handler: async (request, reply) => {
      refuseParameters(Object.keys(request.query as Query))
      const measures = await measureAccount(database, request.caller.accountID)
      const contentType = metricsTypeOf(request.headers.accept)
      const registry: AnyRegistry = new Registry<typeof contentType>()
      registry.setContentType(contentType)
      fill(registry, measures)
      return reply
        .header('content-type', contentType)
        .header('cache-control', 'no-store')
        .send(await registry.metrics())
    },
  })
}

/** OpenMetrics, unless the client wants plain text and not that. */
export function metricsTypeOf(accept: string | undefined): typeof OPEN_METRICS | typeof PROMETHEUS {
  const types = accept?.toLowerCase() ?? ''
  const wantsText = types.includes('text/plain') && !types.includes('openmetrics-text')
  return wantsText ? PROMETHEUS : OPEN_METRICS
}

type AnyRegistry = Registry<typeof OPEN_METRICS | typeof PROMETHEUS>

function fill(registry: AnyRegistry, measures: AccountMeasures): void {
  const gauge = makeGauges(registry)
  const byState = ['state']
  gauge('holdfast_apps', 'Managed apps.', ['state', 'protection_state'])(measures.apps, (app) => ({
    state: app.state,
    protection_state: app.protectionState,
  }))
  gauge('holdfast_backups', 'Backups that are not deleted.', byState)(measures.backups, stateOf)
  gauge(
    'holdfast_snapshots',
    'Snapshots that are not deleted.',
    byState,
  )(measures.snapshots, stateOf)
  gauge('holdfast_schedule_runs', 'Runs of schedules.', byState)(measures.scheduleRuns, stateOf)
  gauge('holdfast_tasks', 'Operations, parts of others aside.', ['kind', 'state'])(
    measures.tasks,
    ({ kind, state }) => ({ kind, state }),
  )
  gauge(
    'holdfast_unread_notifications',
    'Notifications that somebody has not read.',
    [],
  )([{ count: measures.unreadNotifications }], () => ({}))
  fillApps(registry, measures)
}

function fillApps(registry: AnyRegistry, { perApp }: AccountMeasures): void {
  const gauge = makeGauges(registry)
  const labelNames = ['app_id', 'app']
  const labels = ({ id, name }: { readonly id: string; readonly name: string }) => ({
    app_id: id,
    app: name,
  })
  gauge(
    'holdfast_app_completed_backups',
    'Completed backups of the app.',
    labelNames,
  )(
    perApp.map((app) => ({ ...app, count: app.completedBackups })),
    labels,
  )
  gauge(
    'holdfast_app_backup_source_bytes',
    'Bytes in its completed backups.',
    labelNames,
  )(
    perApp.map((app) => ({ ...app, count: app.backupBytes })),
    labels,
  )
  gauge(
    'holdfast_app_last_backup_timestamp_seconds',
    'When the data of its newest completed backup was taken.',
    labelNames,
  )(
    perApp.flatMap(({ lastBackupAt, ...app }) =>
      lastBackupAt === undefined ? [] : [{ ...app, count: lastBackupAt.getTime() / 1000 }],
    ),
    labels,
  )
}

function stateOf({ state }: { readonly state: string }) {
  return { state }
}

function makeGauges(registry: AnyRegistry) {
  return (name: string, help: string, labelNames: readonly string[]) => {
    const gauge = new Gauge({ name, help, labelNames: [...labelNames], registers: [registry] })
    return <Sample extends { readonly count: number }>(
      samples: readonly Sample[],
      labels: (sample: Sample) => Readonly<Record<string, string>>,
    ): void => {
      for (const sample of samples) gauge.set(labels(sample), sample.count)
    }
  }
}
