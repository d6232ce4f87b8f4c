// The hub, which is the caller's account, and the capabilities that roles are made of.
import { ACCOUNTS, type Account, findResource, hexIDOf, isApiKey } from '@holdfast/db'
import { CAPABILITIES, slugOf } from '@holdfast/domain'
import { Type } from 'typebox'
import { scopeOf } from '../../operations/caller.ts'
import { OperationError } from '../../operations/operation-failure.ts'
import { CAPABILITY_CAPTIONS } from '../capability-captions.ts'
import { CapabilitySchema, HubSchema } from '../hub-schemas.ts'
import type { RouteDefinition } from '../route-definition.ts'
import { creatorScopeOf, toDateTime } from '../scalars.ts'

const TAG = 'hubs'

export const HUB_ROUTES: readonly RouteDefinition[] = [
  {
    method: 'GET',
    path: '/v1/hubs/capabilities',
    operationID: 'getHubCapabilities',
    summary: 'List capabilities',
    tag: TAG,
    capability: 'public',
    success: {
      status: 200,
      data: Type.Array(CapabilitySchema),
      meta: Type.Object(
        { captions: Type.Record(CapabilitySchema, Type.String()) },
        { additionalProperties: false },
      ),
    },
    run: async () => ({ data: CAPABILITIES, meta: { captions: CAPABILITY_CAPTIONS } }),
  },
  {
    method: 'GET',
    path: '/v1/hubs/current',
    operationID: 'getHub',
    summary: 'Read the hub',
    description:
      'The account of the caller. Whoever has a valid token may read it. Memberships are taken as a meta value, and there are none.',
    tag: TAG,
    capability: 'any',
    isHubHeaderOptional: true,
    query: { meta: ['memberships'] },
    success: { status: 200, data: HubSchema },
    run: async ({ database }, { caller }) => {
      const { accountID } = caller
      const account = await findResource(database, ACCOUNTS, {
        scope: scopeOf(caller),
        id: accountID,
      })
      if (account === undefined) {
        throw new OperationError({ code: 'not-found', kind: 'account', id: hexIDOf(accountID) })
      }
      return { data: toHub(account, await isApiKey(database, account.createdBy)) }
    },
  },
]

/** Who cannot be authenticated never sees one that is not active. */
function toHub({ id, name, createdBy, createdAt, modifiedAt }: Account, isByApiKey: boolean) {
  return {
    id: hexIDOf(id),
    identifier: slugOf(name) || 'hub',
    name,
    creator: creatorScopeOf({ accountID: id, createdBy, isApiKey: isByApiKey }),
    events: {
      created: toDateTime(createdAt),
      updated: toDateTime(modifiedAt),
      deleted: toDateTime(undefined),
    },
    state: { current: 'live', changed: toDateTime(createdAt) },
    security: { force_2fa: false },
    integrations: {},
    webhooks: { server_deployed: null, server_deleted: null },
    billing: null,
  }
}
