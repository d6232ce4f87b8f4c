// `includes.integrations`: where the backups of an answer lie, by id, each with its definition.
import { BUCKETS, listResources } from '@holdfast/db'
import { Type } from 'typebox'
import { type Caller, scopeOf } from '../operations/caller.ts'
import type { OperationContext } from '../operations/operation-context.ts'
import { IntegrationSchema, toIntegration } from './integration-view.ts'
import { anyOf } from './list-page.ts'

export const IncludedIntegrationsSchema = Type.Record(Type.String(), IntegrationSchema)

export async function includeIntegrations(
  { database }: OperationContext,
  caller: Caller,
  bucketIDs: Iterable<string>,
) {
  const ids = [...new Set(bucketIDs)]
  if (ids.length === 0) return {}
  const { resources } = await listResources(database, BUCKETS, {
    scope: scopeOf(caller),
    where: [],
    whereAny: anyOf('id', ids),
    limit: ids.length,
  })
  // The documents show the definition here without being asked for it.
  const integrations = resources.map((bucket) => toIntegration(bucket, { withDefinition: true }))
  return Object.fromEntries(integrations.map((integration) => [integration.id, integration]))
}
