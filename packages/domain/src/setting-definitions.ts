// The settings of an account: what each may hold, what it holds at first, and what of it cannot be
// put into effect here.

export const SETTING_NAMES = [
  'astra.account.ldap',
  'astra.account.smtp',
  'astra.datamover',
  'holdfast.events',
  'holdfast.hooks',
  'holdfast.trash',
] as const
export type SettingName = (typeof SETTING_NAMES)[number]

/** All members are texts and numbers. */
export type SettingConfig = Readonly<Record<string, string | number>>

export interface SettingDefinition {
  /** A JSON schema, draft 7: what a configuration must conform to. */
  readonly schema: SettingSchema
  readonly initial: SettingConfig
  /** Why a configuration that conforms cannot be put into effect: a sentence of 127 characters at most. */
  readonly obstacle?: (config: SettingConfig) => string | undefined
}

export interface SettingSchema {
  readonly $schema: string
  readonly type: 'object'
  readonly properties: Readonly<Record<string, object>>
  readonly additionalProperties: false
  readonly required: readonly string[]
}

const TRUE_FALSE = { type: 'string', enum: ['true', 'false'] } as const
const PORT = { type: 'integer', minimum: 1, maximum: 65_535 } as const
/** An id, or nothing. */
const REFERENCE = {
  type: 'string',
  pattern: '^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})?$',
} as const

export const SETTING_DEFINITIONS: Readonly<Record<SettingName, SettingDefinition>> = {
  'astra.account.ldap': {
    schema: schemaOf(
      {
        connectionHost: text(253),
        credentialId: REFERENCE,
        groupBaseDN: text(2048),
        groupSearchCustomFilter: text(2048),
        isEnabled: TRUE_FALSE,
        loginAttribute: text(63),
        port: PORT,
        secureMode: { type: 'string', enum: ['LDAP', 'LDAPS'] },
        userBaseDN: text(2048),
        userSearchFilter: text(2048),
        vendor: { type: 'string', enum: ['Active Directory'] },
      },
      ['isEnabled'],
    ),
    initial: { isEnabled: 'false' },
    obstacle: ({ isEnabled }) =>
      isEnabled === 'true'
        ? 'Users of a directory cannot log in to this service; make local users instead.'
        : undefined,
  },
  'astra.account.smtp': {
    schema: schemaOf(
      {
        credential: REFERENCE,
        isEnabled: TRUE_FALSE,
        port: PORT,
        relayServer: text(253),
        sender: text(254),
      },
      ['relayServer', 'port', 'isEnabled'],
    ),
    initial: { isEnabled: 'false', relayServer: '', port: 25 },
    obstacle: ({ isEnabled, relayServer }) =>
      isEnabled === 'true' && relayServer === '' ? 'No relayServer is named.' : undefined,
  },
  'astra.datamover': {
    schema: schemaOf({ useResticParallel: TRUE_FALSE }, ['useResticParallel']),
    initial: { useResticParallel: 'true' },
    obstacle: ({ useResticParallel }) =>
      useResticParallel === 'false'
        ? 'Movers of this service always work in parallel; this cannot be switched off.'
        : undefined,
  },
  'holdfast.events': {
    schema: schemaOf({ retentionDays: days(1) }, ['retentionDays']),
    initial: { retentionDays: 90 },
  },
  'holdfast.hooks': {
    schema: schemaOf(
      // An app that is held still for longer is worse than a copy less.
      { isEnabled: TRUE_FALSE, timeoutSeconds: { type: 'integer', minimum: 1, maximum: 1500 } },
      ['isEnabled'],
    ),
    initial: { isEnabled: 'true', timeoutSeconds: 300 },
  },
  'holdfast.trash': {
    schema: schemaOf({ days: days(0) }, ['days']),
    initial: { days: 7 },
  },
}

function schemaOf(
  properties: Readonly<Record<string, object>>,
  required: readonly string[],
): SettingSchema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    type: 'object',
    properties,
    additionalProperties: false,
    required,
  }
}

function text(maxLength: number): object {
  return { type: 'string', maxLength }
}

/** Ten years at most: a number of days, not a way to say never. */
function days(minimum: number): object {
  return { type: 'integer', minimum, maximum: 3650 }
}
