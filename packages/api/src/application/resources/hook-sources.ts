// Hook sources: the scripts that execution hooks run.
import { HOOK_SOURCES, type HookSource } from '@holdfast/db'
import { type Static, Type } from 'typebox'
import {
  changeHookSource,
  createHookSource,
  removeHookSource,
} from '../../operations/change-hook-source.ts'
import { refuseDisabledHooks } from '../../operations/refuse-disabled-hooks.ts'
import { PLAIN_INTERNAL_PROBLEMS } from '../internal-problems.ts'
import type { ResourceDefinition, WireResource } from '../resource-definition.ts'
import {
  COMMON_FIELDS,
  IdSchema,
  MetadataSchema,
  SentIdSchema,
  SentMetadataSchema,
  TrueFalseSchema,
  toWireMetadata,
} from '../shared-schemas.ts'

const TYPE = 'application/astra-hookSource'
const VERSIONS = ['1.0'] as const
const CLOSED = { additionalProperties: false } as const
const BASE64 = '^([A-Za-z0-9+/]{4})*(([A-Za-z0-9+/]{2})==|([A-Za-z0-9+/]{3})=)?$'

const NameSchema = Type.String({ minLength: 1, maxLength: 63 })
const SourceTypeSchema = Type.Enum(['script'])
const SourceSchema = Type.String({
  maxLength: 131_072,
  pattern: BASE64,
  description:
    'The script in base64: text in UTF-8 without carriage returns. Its first line may name an interpreter (#!); otherwise /bin/sh runs it.',
})
const ChecksumSchema = Type.String({
  pattern: '^[0-9a-fA-F]{32}$',
  description: 'MD5 of the base64 text as it was sent.',
})
const DescriptionSchema = Type.String({ maxLength: 511 })
const PrivateSchema = Type.Enum(['true', 'false'], {
  description: '"true": the script is not shown, and never will be.',
})

const CreateSchema = Type.Object(
  {
    type: Type.Literal(TYPE),
    version: Type.Enum([...VERSIONS]),
    name: NameSchema,
    sourceType: SourceTypeSchema,
    source: SourceSchema,
    description: Type.Optional(DescriptionSchema),
    metadata: Type.Optional(SentMetadataSchema),
  },
  CLOSED,
)

const UpdateSchema = Type.Object(
  {
    type: Type.Literal(TYPE),
    version: Type.Enum([...VERSIONS]),
    id: Type.Optional(SentIdSchema),
    name: Type.Optional(NameSchema),
    private: Type.Optional(PrivateSchema),
    preloaded: Type.Optional(TrueFalseSchema),
    sourceType: Type.Optional(SourceTypeSchema),
    source: Type.Optional(SourceSchema),
    sourceMD5Checksum: Type.Optional(ChecksumSchema),
    description: Type.Optional(DescriptionSchema),
    metadata: Type.Optional(SentMetadataSchema),
  },
  CLOSED,
)

export const hookSources: ResourceDefinition<HookSource> = {
  name: 'hookSource',
  plural: 'hookSources',
  vendor: 'astra',
  title: 'hook source',
  versions: VERSIONS,
  kind: 'resource',
  source: HOOK_SOURCES,
  readProblems: [168],
  response: Type.Object(
    {
      type: Type.Literal(TYPE),
      version: Type.Enum([...VERSIONS]),
      id: IdSchema,
      name: NameSchema,
      private: PrivateSchema,
      preloaded: TrueFalseSchema,
      sourceType: SourceTypeSchema,
      source: Type.Optional(SourceSchema),
      sourceMD5Checksum: ChecksumSchema,
      description: Type.Optional(DescriptionSchema),
      metadata: MetadataSchema,
    },
    CLOSED,
  ),
  fields: {
    ...COMMON_FIELDS,
    name: 'name',
    private: 'private',
    preloaded: 'preloaded',
    sourceType: 'sourceType',
    sourceMD5Checksum: 'sourceMD5',
    description: 'description',
  },
  toWire,
  internalProblems: PLAIN_INTERNAL_PROBLEMS,
  collections: [
    {
      path: '/accounts/:account_id/core/v1/hookSources',
      itemParameter: 'hookSource_id',
      parents: [],
      refresh: ({ database }, { caller }) => refuseDisabledHooks(database, caller.accountID),
      create: {
        permission: 'manage-hook-sources',
        body: CreateSchema,
        problems: [168],
        run: (context, { caller, body }) => {
          const { name, source, description, version, metadata } = body as Static<
            typeof CreateSchema
          >
          return createHookSource(context, caller, {
            version,
            name,
            source,
            ...(description === undefined ? {} : { description }),
            labels: metadata?.labels ?? [],
          })
        },
      },
      update: {
        permission: 'manage-hook-sources',
        description: 'A new script counts from the next run of every hook that uses it.',
        body: UpdateSchema,
        problems: [71, 168],
        run: (context, { caller, id, body, checkPreconditions }) => {
          const sent = body as Static<typeof UpdateSchema>
          return changeHookSource(context, caller, {
            id,
            version: sent.version,
            checkPreconditions,
            ...(sent.name === undefined ? {} : { name: sent.name }),
            ...(sent.private === undefined ? {} : { isPrivate: sent.private === 'true' }),
            ...(sent.source === undefined ? {} : { source: sent.source }),
            ...(sent.description === undefined ? {} : { description: sent.description }),
            ...(sent.metadata?.labels === undefined ? {} : { labels: sent.metadata.labels }),
          })
        },
      },
      remove: {
        permission: 'manage-hook-sources',
        problems: [71, 72, 168],
        run: (context, { caller, id }) => removeHookSource(context, caller, id),
      },
    },
  ],
}

function toWire(source: HookSource): WireResource {
  return {
    type: TYPE,
    version: source.version,
    id: source.id,
    name: source.name,
    private: String(source.isPrivate),
    preloaded: String(source.isPreloaded),
    sourceType: 'script',
    ...(source.isPrivate ? {} : { source: source.source }),
    sourceMD5Checksum: source.sourceMD5,
    ...(source.description === undefined ? {} : { description: source.description }),
    metadata: toWireMetadata(source),
  }
}
