// Settings of the account: what is in effect, what was asked for, and what may be.
import { ACCOUNT_SETTINGS, type AccountSetting, ensureSettings, SETTING_STATES } from '@holdfast/db'
import { SETTING_DEFINITIONS } from '@holdfast/domain'
import { type Static, Type } from 'typebox'
import { changeSetting } from '../../operations/change-setting.ts'
import { PLAIN_INTERNAL_PROBLEMS } from '../internal-problems.ts'
import type { ResourceDefinition, WireResource } from '../resource-definition.ts'
import {
  COMMON_FIELDS,
  IdSchema,
  MetadataSchema,
  SentIdSchema,
  SentMetadataSchema,
  toWireMetadata,
  toWireUnready,
  UnreadySchema,
} from '../shared-schemas.ts'

const VERSIONS = ['1.0', '1.1'] as const
const TYPE = 'application/astra-setting'
const CLOSED = { additionalProperties: false } as const

const NameSchema = Type.String({ minLength: 1, maxLength: 63 })
const ConfigSchema = Type.Record(Type.String(), Type.Unknown(), {
  description: 'Conforms to configSchema.',
})

const UpdateSchema = Type.Object(
  {
    type: Type.Literal(TYPE),
    version: Type.Enum([...VERSIONS]),
    id: Type.Optional(SentIdSchema),
    name: Type.Optional(NameSchema),
    desiredConfig: Type.Optional(ConfigSchema),
    // Sent back by clients that change what they read; what they say does not count.
    currentConfig: Type.Optional(ConfigSchema),
    configSchema: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    state: Type.Optional(Type.Enum([...SETTING_STATES])),
    stateUnready: Type.Optional(UnreadySchema),
    metadata: Type.Optional(SentMetadataSchema),
  },
  CLOSED,
)

export const settings: ResourceDefinition<AccountSetting> = {
  name: 'setting',
  plural: 'settings',
  vendor: 'astra',
  title: 'setting',
  versions: VERSIONS,
  kind: 'setting',
  source: ACCOUNT_SETTINGS,
  response: Type.Object(
    {
      type: Type.Literal(TYPE),
      version: Type.Enum([...VERSIONS]),
      id: IdSchema,
      name: NameSchema,
      currentConfig: ConfigSchema,
      desiredConfig: Type.Optional(ConfigSchema),
      configSchema: Type.Record(Type.String(), Type.Unknown(), {
        description: 'JSON schema, draft 7.',
      }),
      state: Type.Enum([...SETTING_STATES], {
        description: 'valid: currentConfig is what was asked for; error: it could not be applied.',
      }),
      stateUnready: UnreadySchema,
      metadata: MetadataSchema,
    },
    CLOSED,
  ),
  fields: {
    ...COMMON_FIELDS,
    name: 'name',
    currentConfig: 'currentConfig',
    desiredConfig: 'desiredConfig',
    state: 'state',
    stateUnready: 'stateUnready',
  },
  toWire,
  internalProblems: PLAIN_INTERNAL_PROBLEMS,
  collections: [
    {
      path: '/accounts/:account_id/core/v1/settings',
      itemParameter: 'setting_id',
      parents: [],
      refresh: ({ database, now }, { caller }) =>
        ensureSettings(database, { accountID: caller.accountID, now: now() }),
      update: {
        permission: 'manage-settings',
        description:
          'desiredConfig replaces the configuration as a whole and is in effect at once; where that is not possible, the setting keeps what it has and says why.',
        body: UpdateSchema,
        problems: [2],
        run: (context, { caller, id, body, checkPreconditions }) => {
          const { version, name, desiredConfig, metadata } = body as Static<typeof UpdateSchema>
          return changeSetting(context, caller, {
            id,
            version,
            checkPreconditions,
            ...(name === undefined ? {} : { name }),
            ...(desiredConfig === undefined ? {} : { desiredConfig }),
            ...(metadata?.labels === undefined ? {} : { labels: metadata.labels }),
          })
        },
      },
    },
  ],
}

function toWire(setting: AccountSetting): WireResource {
  return {
    type: TYPE,
    version: setting.version,
    id: setting.id,
    name: setting.name,
    currentConfig: setting.currentConfig,
    ...(setting.desiredConfig === undefined ? {} : { desiredConfig: setting.desiredConfig }),
    configSchema: SETTING_DEFINITIONS[setting.name].schema,
    state: setting.state,
    stateUnready: toWireUnready(setting.stateUnready),
    metadata: toWireMetadata(setting),
  }
}
