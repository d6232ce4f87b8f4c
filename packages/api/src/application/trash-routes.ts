// What the trash can do beside being listed: give an item back, and be emptied.
import { parseId } from '@holdfast/domain'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import type { OperationContext } from '../operations/operation-context.ts'
import { OperationError } from '../operations/operation-failure.ts'
import { emptyTrash, restoreFromTrash } from '../operations/trash.ts'
import { type Query, refuseParameters } from './list-parameters.ts'
import { problemResponses } from './operation-description.ts'
import { TRASH_PATH } from './resources/trash-items.ts'

const IdParameter = Type.String({ format: 'uuid' })

export function registerTrashRoutes(app: FastifyInstance, context: OperationContext): void {
  app.post(`${TRASH_PATH}/:trashItem_id/restore`, {
    config: {
      permission: 'manage-apps',
      internalProblem: 102,
      isBodyIgnored: true,
      description: {
        operationId: 'restoreTrashItem',
        summary: 'Restore: trash item',
        description:
          'An app comes back with all its snapshots and backups; its schedules stay disabled. A backup can come back without its app: it is then listed at topology/v1/appBackups and can be restored to a new app.',
        tags: ['trashItems'],
        params: Type.Object({ account_id: IdParameter, trashItem_id: IdParameter }),
        response: {
          204: { description: 'It is back.' },
          ...problemResponses([1, 2, 3, 4, 6, 11, 14, 41, 102, 136, 164]),
        },
      },
    },
    handler: async (request, reply) => {
      refuseParameters(Object.keys(request.query as Query))
      const { trashItem_id: given } = request.params as { trashItem_id: string }
      const id = parseId<string>(given)
      if (id === undefined) {
        throw new OperationError({ code: 'not-found', kind: 'resource', id: given })
      }
      await restoreFromTrash(context, request.caller, id)
      return reply.code(204).send()
    },
  })
  app.delete(TRASH_PATH, {
    config: {
      permission: 'manage-apps',
      internalProblem: 104,
      isBodyIgnored: true,
      description: {
        operationId: 'emptyTrash',
        summary: 'Empty: trash',
        description:
          'Deletes everything in the trash for good, in the background, shown as tasks. What a restore or a clone reads just now stays until its time is up.',
        tags: ['trashItems'],
        params: Type.Object({ account_id: IdParameter }),
        response: {
          204: { description: 'It is being deleted.' },
          ...problemResponses([1, 2, 3, 4, 6, 11, 14, 41, 104]),
        },
      },
    },
    handler: async (request, reply) => {
      refuseParameters(Object.keys(request.query as Query))
      await emptyTrash(context, request.caller)
      return reply.code(204).send()
    },
  })
}
