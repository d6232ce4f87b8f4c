// An integration as the dialect shows it: a bucket, without anything of the credential that opens it.
import { type Bucket, hexIDOf, textOfDetails } from '@holdfast/db'
import {
  INTEGRATION_STATE_OF_BUCKET,
  INTEGRATION_STATES,
  INTEGRATION_VENDORS,
  type IntegrationVendor,
  shownValuesOf,
  VENDOR_DEFINITIONS,
  type VendorField,
  vendorOf,
} from '@holdfast/domain'
import { Type } from 'typebox'
import { creatorScopeOf, toDateTime } from './scalars.ts'
import {
  CreatorScopeSchema,
  eventsSchema,
  HubIdSchema,
  IdentifierSchema,
  IdSchema,
  nullable,
  stateSchema,
} from './schemas.ts'

const CLOSED = { additionalProperties: false } as const

/** What holds backups is of one category; the other ones name things that there are not here. */
export const OBJECT_STORAGE = 'object-storage'
export const INTEGRATION_CATEGORIES = [
  'image-builders',
  OBJECT_STORAGE,
  'tls-certificate-generation',
  'infrastructure-provider',
  'billing',
] as const

const FieldSchema = Type.Object(
  {
    name: Type.String(),
    required: Type.Boolean(),
    regex: nullable(Type.String()),
    description: Type.String(),
    type: Type.Literal('string'),
    options: Type.Null(),
  },
  CLOSED,
)
const FieldsSchema = nullable(Type.Record(Type.String(), FieldSchema))

export const IntegrationDefinitionSchema = Type.Object(
  {
    vendor: Type.Enum([...INTEGRATION_VENDORS]),
    name: Type.String(),
    supports_verification: Type.Boolean(),
    supports_multiple: Type.Boolean(),
    features: nullable(Type.Array(Type.String())),
    extends: nullable(Type.Array(Type.String())),
    extended_configuration: Type.Null(),
    fields: Type.Object({ extra: FieldsSchema, auth: FieldsSchema }, CLOSED),
    required_fields: Type.Array(Type.String()),
    url: Type.String({ format: 'uri' }),
    public: Type.Boolean(),
    usable: Type.Boolean(),
    deprecated: Type.Boolean(),
    editable: Type.Boolean(),
  },
  CLOSED,
)

export const IntegrationSchema = Type.Object(
  {
    id: IdSchema,
    name: Type.String(),
    vendor: Type.Enum([...INTEGRATION_VENDORS]),
    identifier: IdentifierSchema,
    auth: nullable(
      Type.Object(
        { region: Type.Optional(Type.String()) },
        { ...CLOSED, description: 'Never a key.' },
      ),
    ),
    extra: nullable(Type.Record(Type.String(), Type.String())),
    creator: CreatorScopeSchema,
    hub_id: HubIdSchema,
    state: stateSchema(INTEGRATION_STATES),
    events: eventsSchema('created', 'updated', 'deleted'),
    meta: Type.Optional(Type.Object({ definition: IntegrationDefinitionSchema }, CLOSED)),
  },
  CLOSED,
)

export function toIntegration(
  bucket: Bucket,
  { withDefinition }: { readonly withDefinition: boolean },
) {
  const { id, accountID, state, stateDetails, createdAt, modifiedAt } = bucket
  const vendor = vendorOf(bucket)
  const { auth, extra } = shownValuesOf(bucket)
  const changed = toDateTime(modifiedAt)
  const message = textOfDetails(stateDetails)
  const isUsable = state === 'available' || message === ''
  return {
    id: hexIDOf(id),
    name: bucket.name,
    vendor,
    identifier: bucket.identifier,
    auth: Object.keys(auth).length === 0 ? null : auth,
    extra: Object.keys(extra).length === 0 ? null : extra,
    creator: creatorScopeOf({
      accountID,
      createdBy: bucket.createdBy,
      isApiKey: bucket.isByApiKey,
    }),
    hub_id: hexIDOf(accountID),
    state: {
      current: INTEGRATION_STATE_OF_BUCKET[state],
      changed,
      ...(isUsable ? {} : { error: { message, time: changed } }),
    },
    events: {
      created: toDateTime(createdAt),
      updated: changed,
      deleted: toDateTime(undefined),
    },
    ...(withDefinition ? { meta: { definition: toDefinition(vendor) } } : {}),
  }
}

export function toDefinition(vendor: IntegrationVendor) {
  const { name, url, auth, extra } = VENDOR_DEFINITIONS[vendor]
  return {
    vendor,
    name,
    supports_verification: true,
    supports_multiple: true,
    features: null,
    extends: ['backups'],
    extended_configuration: null,
    fields: { extra: toFields(extra), auth: toFields(auth) },
    // The documents require it and do not say what it is; `fields` says more.
    required_fields: [...requiredOf('auth', auth), ...requiredOf('extra', extra)],
    url,
    public: true,
    usable: true,
    deprecated: false,
    editable: true,
  }
}

type Fields = Readonly<Record<string, VendorField>>

function toFields(fields: Fields) {
  const shown = Object.entries(fields).map(([key, { name, isRequired, regex, description }]) => [
    key,
    {
      name,
      required: isRequired,
      regex: regex ?? null,
      description,
      type: 'string',
      options: null,
    },
  ])
  return shown.length === 0 ? null : Object.fromEntries(shown)
}

function requiredOf(group: 'auth' | 'extra', fields: Fields): string[] {
  return Object.entries(fields).flatMap(([key, { isRequired }]) =>
    isRequired ? [`${group}.${key}`] : [],
  )
}
