// Features: what this version of the product can do, as flags.
import { FEATURES, type Feature } from '@holdfast/db'
import { Type } from 'typebox'
import { PLAIN_INTERNAL_PROBLEMS } from '../internal-problems.ts'
import type { ResourceDefinition } from '../resource-definition.ts'
import {
  COMMON_FIELDS,
  IdSchema,
  MetadataSchema,
  TrueFalseSchema,
  toWireMetadata,
} from '../shared-schemas.ts'

const VERSIONS = ['1.0', '1.1'] as const
const TYPE = 'application/astra-feature'

export const features: ResourceDefinition<Feature> = {
  name: 'feature',
  plural: 'features',
  vendor: 'astra',
  title: 'feature',
  versions: VERSIONS,
  kind: 'resource',
  source: FEATURES,
  response: Type.Object(
    {
      type: Type.Literal(TYPE),
      version: Type.Enum([...VERSIONS]),
      id: IdSchema,
      name: Type.String({ minLength: 1, maxLength: 63 }),
      isEnabled: TrueFalseSchema,
      metadata: MetadataSchema,
    },
    { additionalProperties: false },
  ),
  fields: { ...COMMON_FIELDS, name: 'name', isEnabled: 'isEnabled' },
  toWire: (feature) => ({
    type: TYPE,
    version: feature.version,
    id: feature.id,
    name: feature.name,
    isEnabled: String(feature.isEnabled),
    metadata: toWireMetadata(feature),
  }),
  internalProblems: PLAIN_INTERNAL_PROBLEMS,
  collections: [
    { path: '/accounts/:account_id/core/v1/features', itemParameter: 'feature_id', parents: [] },
  ],
}
