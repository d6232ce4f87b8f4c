// Backups of what the command of an app writes, when somebody asks for one: the container dialect,
// in which the command is configured, knows no such call.
import { APPS, type App, findResource, findResourceByHexID, type ResourceScope } from '@holdfast/db'
import { parseId } from '@holdfast/domain'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import { scopeOf, viewerOf } from '../operations/caller.ts'
import { createStreamBackup } from '../operations/create-stream-backup.ts'
import type { OperationContext } from '../operations/operation-context.ts'
import { OperationError } from '../operations/operation-failure.ts'
import { outOfReach } from '../operations/permissions.ts'
import { type Query, refuseParameters } from './list-parameters.ts'
import { mediaTypeOf } from './media-type.ts'
import { problemResponses } from './operation-description.ts'
import { entityTagOf } from './preconditions.ts'
import { publicUrlOf } from './public-url.ts'
import { appBackups } from './resources/app-backups.ts'
import { sendJson } from './send-json.ts'
import { lowerId } from './sent-values.ts'
import { DnsLabelSchema, SentIdSchema, SentMetadataSchema } from './shared-schemas.ts'

const TYPE = 'application/astra-appBackup'

const BodySchema = Type.Object(
  {
    type: Type.Optional(Type.Literal(TYPE)),
    version: Type.Optional(Type.Enum([...appBackups.versions])),
    name: Type.Optional(DnsLabelSchema),
    bucketID: Type.Optional(SentIdSchema),
    metadata: Type.Optional(SentMetadataSchema),
  },
  { additionalProperties: false },
)

export function registerStreamBackups(app: FastifyInstance, context: OperationContext): void {
  const { response: schema } = appBackups
  app.post('/accounts/:account_id/holdfast/v1/containers/:container_id/backups', {
    schema: { body: BodySchema },
    // Without a body there is nothing that its parser could be called for.
    preValidation: async (request) => {
      request.body ??= {}
    },
    config: {
      permission: 'make-copies',
      resourceName: 'appBackup',
      internalProblem: 94,
      isBodyOptional: true,
      description: {
        operationId: 'createStreamBackupOfContainer',
        summary: 'Create: backup of what the command of a container writes',
        description:
          'Runs the backup command that is configured for the container and keeps its output as an appBackup. container_id is the id of the app, or its first 24 hexadecimal digits. The body is optional; without bucketID it goes where the configuration says.',
        tags: ['appBackups'],
        params: Type.Object({
          account_id: Type.String({ format: 'uuid' }),
          container_id: Type.String({ pattern: '^([-0-9a-fA-F]{36}|[0-9a-f]{24})$' }),
        }),
        body: BodySchema,
        consumes: ['application/json', `${TYPE}+json`],
        response: {
          201: {
            description: 'The backup, which is pending. Location is its URL as an appBackup.',
            headers: { Location: { schema: Type.String({ format: 'uri' }) } },
            content: {
              'application/json': { schema },
              [`${TYPE}+json`]: { schema },
            },
          },
          ...problemResponses([2, 3, 4, 6, 7, 8, 9, 10, 11, 14, 41, 85, 94, 108, 127, 143, 164]),
        },
      },
    },
    handler: async (request, reply) => {
      refuseParameters(Object.keys(request.query as Query))
      const { id: appID, accountID } = await findContainer(context, request)
      const { name, bucketID, version, metadata } = request.body as Static<typeof BodySchema>
      const backup = await createStreamBackup(context, request.caller, {
        appID,
        ...(name === undefined ? {} : { name }),
        ...(bucketID === undefined ? {} : { bucketID: lowerId(bucketID) }),
        version: version ?? '1.2',
        labels: metadata?.labels ?? [],
      })
      const wire = appBackups.toWire(backup)
      const path = `/accounts/${accountID}/k8s/v1/apps/${appID}/appBackups/${backup.id}`
      reply.code(201)
      reply.header('location', `${publicUrlOf(request)}${path}`).header('etag', entityTagOf(wire))
      return sendJson(reply, mediaTypeOf(request.headers.accept, [`${TYPE}+json`]), wire)
    },
  })
}

/** Seen by the caller, and in the reach of a role that may make copies. */
async function findContainer(context: OperationContext, request: FastifyRequest): Promise<App> {
  const { caller } = request
  const { container_id: given } = request.params as { container_id: string }
  const scope = { accountID: caller.accountID, parents: {}, viewer: viewerOf(caller) }
  if ((await findApp(context, scope, given)) === undefined) {
    throw new OperationError({ code: 'not-found', kind: 'app', id: given })
  }
  const app = await findApp(context, scopeOf(caller), given)
  if (app === undefined) throw outOfReach(caller, 'make-copies')
  return app
}

async function findApp(
  { database }: OperationContext,
  scope: ResourceScope,
  given: string,
): Promise<App | undefined> {
  const id = parseId<string>(given)
  if (id !== undefined) return await findResource(database, APPS, { scope, id })
  return await findResourceByHexID(database, APPS, { scope, hexID: given.toLowerCase() })
}
