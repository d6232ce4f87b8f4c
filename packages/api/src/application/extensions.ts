// Our own operations beside the documented ones, under `/accounts/{account_id}/holdfast/v1`.
import { parseId } from '@holdfast/domain'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { cancelTask } from '../operations/cancel-task.ts'
import { testWebhook } from '../operations/change-webhook.ts'
import type { OperationContext } from '../operations/operation-context.ts'
import { OperationError } from '../operations/operation-failure.ts'
import { revealRepository } from '../operations/reveal-repository.ts'
import { type Query, refuseParameters } from './list-parameters.ts'
import { mediaTypeOf } from './media-type.ts'
import { problemResponses } from './operation-description.ts'
import { entityTagOf } from './preconditions.ts'
import { deliveries } from './resources/deliveries.ts'
import { tasks } from './resources/tasks.ts'
import { sendJson } from './send-json.ts'
import { registerStreamBackups } from './stream-backup-routes.ts'
import { registerTrashRoutes } from './trash-routes.ts'

const ROOT = '/accounts/:account_id/holdfast/v1'
const IdParameter = Type.String({ format: 'uuid' })

export function registerExtensions(app: FastifyInstance, context: OperationContext): void {
  registerTaskCancel(app, context)
  registerRepository(app, context)
  registerTrashRoutes(app, context)
  registerWebhookTest(app, context)
  registerStreamBackups(app, context)
}

function registerTaskCancel(app: FastifyInstance, context: OperationContext): void {
  const { response: schema } = tasks
  app.post(`${ROOT}/tasks/:task_id/cancel`, {
    config: {
      permission: 'cancel-tasks',
      internalProblem: 102,
      isBodyIgnored: true,
      description: {
        operationId: 'cancelTask',
        summary: 'Cancel: task',
        description:
          'Asks the task to stop and to undo what it began. It is cancelling until that is done.',
        tags: ['tasks'],
        params: Type.Object({ account_id: IdParameter, task_id: IdParameter }),
        response: {
          202: {
            description: 'The task, which is cancelling.',
            content: {
              'application/json': { schema },
              'application/astra-task+json': { schema },
            },
          },
          ...problemResponses([1, 2, 3, 4, 6, 10, 11, 14, 41, 102]),
        },
      },
    },
    handler: async (request, reply) => {
      refuseParameters(Object.keys(request.query as Query))
      const { task_id: given } = request.params as { task_id: string }
      const id = parseId<string>(given)
      if (id === undefined) throw new OperationError({ code: 'not-found', kind: 'task', id: given })
      const wire = tasks.toWire(await cancelTask(context, request.caller, id))
      reply.code(202).header('etag', entityTagOf(wire))
      const own = ['application/astra-task+json']
      return sendJson(reply, mediaTypeOf(request.headers.accept, own), wire)
    },
  })
}

const RepositorySchema = Type.Object(
  {
    url: Type.String({ description: 'For restic -r.' }),
    password: Type.String({ description: 'Opens every backup of the account in this bucket.' }),
  },
  { additionalProperties: false },
)

function registerRepository(app: FastifyInstance, context: OperationContext): void {
  app.get(`${ROOT}/buckets/:bucket_id/repository`, {
    config: {
      permission: 'reveal-repository',
      internalProblem: 103,
      description: {
        operationId: 'getRepositoryOfBucket',
        summary: 'Read: repository of a bucket',
        description: 'What stock restic needs to open it. For owners and admins.',
        tags: ['buckets'],
        params: Type.Object({ account_id: IdParameter, bucket_id: IdParameter }),
        response: {
          200: {
            description: 'As asked.',
            content: { 'application/json': { schema: RepositorySchema } },
          },
          ...problemResponses([2, 3, 4, 6, 11, 14, 41, 103]),
        },
      },
    },
    handler: async (request, reply) => {
      refuseParameters(Object.keys(request.query as Query))
      const { bucket_id: given } = request.params as { bucket_id: string }
      const id = parseId<string>(given)
      if (id === undefined) {
        throw new OperationError({ code: 'not-found', kind: 'bucket', id: given })
      }
      const repository = await revealRepository(context, request.caller, id)
      // Who reads the password is worth a line in the log.
      request.log.warn({ userID: request.caller.userID, bucketID: id }, 'repository password read')
      reply.header('cache-control', 'no-store')
      return sendJson(reply, 'application/json', repository)
    },
  })
}

function registerWebhookTest(app: FastifyInstance, context: OperationContext): void {
  const { response: schema } = deliveries
  app.post(`${ROOT}/webhooks/:webhook_id/test`, {
    config: {
      permission: 'manage-webhooks',
      internalProblem: 105,
      isBodyIgnored: true,
      description: {
        operationId: 'testWebhook',
        summary: 'Test: webhook',
        description: 'Sends an event that says so. Read the delivery to see whether it arrived.',
        tags: ['webhooks'],
        params: Type.Object({ account_id: IdParameter, webhook_id: IdParameter }),
        response: {
          202: {
            description: 'The delivery, which is on its way.',
            content: {
              'application/json': { schema },
              'application/holdfast-delivery+json': { schema },
            },
          },
          ...problemResponses([2, 3, 4, 6, 11, 14, 41, 105]),
        },
      },
    },
    handler: async (request, reply) => {
      refuseParameters(Object.keys(request.query as Query))
      const { webhook_id: given } = request.params as { webhook_id: string }
      const id = parseId<string>(given)
      if (id === undefined) {
        throw new OperationError({ code: 'not-found', kind: 'resource', id: given })
      }
      const wire = deliveries.toWire(await testWebhook(context, request.caller, id))
      reply.code(202)
      const own = ['application/holdfast-delivery+json']
      return sendJson(reply, mediaTypeOf(request.headers.accept, own), wire)
    },
  })
}
