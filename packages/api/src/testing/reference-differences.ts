// In what a served resource differs from its documents. Values are compared by what either side
// takes: what clients may send must be taken, what is sent must be what they may get.
import Schema from 'typebox/schema'
import type { ReferenceResource } from './reference-tables.ts'

export interface JsonSchema {
  readonly anyOf?: readonly JsonSchema[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly items?: JsonSchema
  readonly enum?: readonly string[]
  readonly [keyword: string]: unknown
}

/** What of the OpenAPI document is looked at, by path and method in lower case. */
export type ServedPaths = Readonly<Record<string, Readonly<Record<string, ServedOperation>>>>

interface ServedOperation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
  readonly requestBody?: { readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>
}

type Content = Readonly<Record<string, { readonly schema: JsonSchema }>>

const USES = ['create', 'update', 'response'] as const
type Use = (typeof USES)[number]

interface Member {
  readonly path: string
  readonly presence: Readonly<Record<Use, string>>
  readonly type: string
}

/** Members that all resources have; their own tests know them. */
const COMMON_MEMBERS = ['type', 'version', 'metadata', 'id']

interface ReferenceCollection {
  readonly collection: { readonly path: string; readonly methods: readonly string[] }
  readonly item: { readonly path: string; readonly methods: readonly string[] }
  readonly parameters: readonly string[]
}

const LIST_PARAMETERS = ['include', 'filter', 'orderBy', 'limit', 'skip', 'count', 'continue']

export function parseCollection(row: string): ReferenceCollection {
  const [collectionPart = '', itemPart = '', listPart = ''] = row.split(' | ')
  const [written = '', ...methods] = collectionPart.split(' ')
  const [parameter = '', ...itemMethods] = itemPart.split(' ')
  const path = written.replace(/^A\//, '/accounts/{account_id}/')
  const parameters = listPart === 'all' ? LIST_PARAMETERS : listPart.split(' ')
  return {
    collection: { path, methods },
    item: { path: `${path}/{${parameter}}`, methods: itemMethods },
    parameters: listPart === 'none' ? [] : parameters,
  }
}

/** A line for each difference in paths, methods and documented list parameters. */
export function routeDifferences(resource: ReferenceResource, served: ServedPaths): string[] {
  return resource.collections.map(parseCollection).flatMap(({ collection, item, parameters }) => {
    const offered = (served[collection.path]?.get?.parameters ?? []).map(({ name }) => name)
    return [
      ...methodDifferences(collection, served),
      ...methodDifferences(item, served),
      ...parameters
        .filter((parameter) => !offered.includes(parameter))
        .map((parameter) => `${collection.path} has no parameter ${parameter}`),
    ]
  })
}

function methodDifferences(expected: ReferenceCollection['item'], served: ServedPaths): string[] {
  const methods = Object.keys(served[expected.path] ?? {}).map((method) => method.toUpperCase())
  const wanted = expected.methods.toSorted().join(' ')
  const found = methods.toSorted().join(' ')
  return found === wanted ? [] : [`${expected.path} has ${found || 'no method'}, not ${wanted}`]
}

/** A line for each difference in versions and members: `resource.use.member what`. */
export function memberDifferences(resource: ReferenceResource, served: ServedPaths): string[] {
  const members = resource.fields
    .trim()
    .split('\n')
    .map((line) => parseMember(line.trim()))
  const lines = USES.flatMap((use) =>
    schemasOf(resource, served, use).flatMap((schema) =>
      [
        ...versionDifferences(resource, schema),
        ...members.flatMap((member) => differencesOfMember(member, { schema, use })),
        ...unknownMembers(members, { schema, use }),
      ].map((difference) => `${resource.name}.${use}.${difference}`),
    ),
  )
  return [...new Set(lines)]
}

function parseMember(line: string): Member {
  const [path = '', presence = '---', ...type] = line.split(' ')
  const [create = '-', update = '-', response = '-'] = presence
  return { path, presence: { create, update, response }, type: type.join(' ') }
}

/** Of every path that the resource is served at. */
function schemasOf(resource: ReferenceResource, served: ServedPaths, use: Use): JsonSchema[] {
  const schemas = resource.collections.map(parseCollection).flatMap(({ collection, item }) => {
    const bodies = {
      create: served[collection.path]?.post?.requestBody?.content,
      update: served[item.path]?.put?.requestBody?.content,
      response: served[item.path]?.get?.responses['200']?.content,
    }
    const schema = bodies[use]?.['application/json']?.schema
    return schema === undefined ? [] : [schema]
  })
  const byText = new Map(schemas.map((schema) => [JSON.stringify(schema), schema]))
  return [...byText.values()]
}

function versionDifferences(resource: ReferenceResource, schema: JsonSchema): string[] {
  const versions = (schema.properties?.version?.enum ?? []).join(' ')
  return versions === resource.versions ? [] : [`version is ${versions}`]
}

interface Place {
  readonly schema: JsonSchema
  readonly use: Use
}

function differencesOfMember(member: Member, { schema, use }: Place): string[] {
  const { path, type } = member
  const presence = member.presence[use]
  const name = path.replace(/^.*\./, '').replace('[]', '')
  const parents = parentsOf(path, schema)
  if (parents.length === 0) return []
  const found = parents.flatMap<JsonSchema>((parent) => parent.properties?.[name] ?? [])
  if (found.length === 0) return presence === '-' ? [] : [`${path} is absent`]
  if (presence === '-') return [`${path} is there`]
  const isRequired = parents.every((parent) => parent.required?.includes(name) === true)
  const isWanted = presence === '!'
  const place = { path, use, isNested: path.includes('.') }
  return [
    ...(isRequired === isWanted ? [] : requirementDifference(place, isRequired)),
    ...valueDifferences(member, { schema: { anyOf: found }, use }, type),
  ]
}

/** A response may always have what need not be there; members of an update are taken partially. */
function requirementDifference(
  { path, use, isNested }: { path: string; use: Use; isNested: boolean },
  isRequired: boolean,
): string[] {
  if (use === 'response' && isRequired) return []
  // An object within an update is given whole.
  if (use === 'update' && isNested) return []
  return [`${path} is ${isRequired ? 'required' : 'optional'}`]
}

function parentsOf(path: string, root: JsonSchema): JsonSchema[] {
  const steps = path.split('.').slice(0, -1)
  let level = [root]
  for (const step of steps) {
    const name = step.replace('[]', '')
    level = level
      .flatMap((schema) => branchesOf(schema.properties?.[name]))
      .flatMap((schema) => (step.endsWith('[]') ? branchesOf(schema.items) : [schema]))
  }
  // An open object without named members takes any.
  return level.filter(({ properties = {} }) => Object.keys(properties).length > 0)
}

function branchesOf(schema: JsonSchema | undefined): readonly JsonSchema[] {
  if (schema === undefined) return []
  return schema.anyOf === undefined ? [schema] : schema.anyOf.flatMap(branchesOf)
}

function valueDifferences(member: Member, { schema, use }: Place, type: string): string[] {
  const documented = documentedSchema(type)
  const probes = [...PROBES, ...wordsOf(documented), ...wordsOf(schema)]
  const values = probes.flatMap((probe) => (isArrayType(type) ? [[probe]] : [probe]))
  // What objects hold is compared member by member.
  if (use !== 'response' && /^(obj|stateDetail|transition)/.test(type)) return []
  const offered = use === 'response' ? schema : documented
  const taker = use === 'response' ? documented : schema
  const [offering, taking] = [Schema.Compile(offered), Schema.Compile(taker)]
  const refused = values.filter((value) => offering.Check(value) && !taking.Check(value))
  const verb = use === 'response' ? 'may be' : 'may not be'
  const words = [...new Set(refused.map((value) => shown(value)))].slice(0, 6)
  return words.length === 0 ? [] : [`${member.path} ${verb} ${words.join(', ')}`]
}

function isArrayType(type: string): boolean {
  return type.includes('[]')
}

function shown(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length <= 40 ? text : `${text.slice(0, 10)}… of ${text.length}`
}

function wordsOf(schema: JsonSchema): string[] {
  const inside = [...(schema.anyOf ?? []), ...(schema.items === undefined ? [] : [schema.items])]
  return [...(schema.enum ?? []), ...inside.flatMap(wordsOf)]
}

function unknownMembers(members: readonly Member[], { schema, use }: Place): string[] {
  const known = new Set([...members.map(({ path }) => path), ...COMMON_MEMBERS])
  return Object.keys(schema.properties ?? {})
    .filter((name) => !known.has(name))
    .map((name) => (use === 'response' ? `${name} is ours` : `${name} is taken`))
}

const UUIDS = [
  '11111111-1111-4111-8111-111111111111',
  '11111111-1111-5111-1111-111111111111',
  '00000000-0000-0000-0000-000000000000',
  '11111111-1111-1111-8111-111111111111',
]

/** Values at the edges of every documented type. */
const PROBES: readonly unknown[] = [
  ...[0, 1, 2, 3, 19, 20, 31, 32, 40, 41, 63, 64, 79, 80, 127, 128].map((n) => 'a'.repeat(n)),
  ...[253, 254, 255, 256, 257, 511, 512, 1023, 1024, 2048, 2049].map((n) => 'a'.repeat(n)),
  ...[4095, 4096, 131_072, 131_073].map((n) => 'a'.repeat(n)),
  ...['0', '5', '7', '8', '00', '23', '24', '31', '32', '59', '60', '007', '100', '-1', '*'],
  ...['A', 'a b', 'a.b', 'a.b.c', '-a', 'a-b', 'a_b', 'true', 'false', 'TRUE', 'YWE='],
  ...['application/astra-app', '200', '600', '1.2.3', 'd41d8cd98f00b204e9800998ecf8427e'],
  ...['2026-01-01T00:00:00Z', '2026-01-01T00:00:00.123456Z', '2026-01-01T00:00:00+01:00'],
  ...UUIDS,
  null,
  0,
  1.5,
  -1,
  true,
  [],
  {},
]

const TIME =
  '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.,][0-9]{1,9})?Z$'
const UUID =
  '^([0-9a-f]{8}-[0-9a-f]{4}-(4[0-9a-f]{3}-[89ab][0-9a-f]{3}|5[0-9a-f]{3}-[0-9a-f]{4})-[0-9a-f]{12}|00000000-0000-0000-0000-000000000000)$'
const BASE64 = '^([A-Za-z0-9+/]{4})*(([A-Za-z0-9+/]{2})==|([A-Za-z0-9+/]{3})=)?$'

const PLAIN: Readonly<Record<string, JsonSchema>> = {
  str: { type: 'string' },
  tf: { enum: ['true', 'false'] },
  num: { type: 'number' },
  obj: { type: 'object' },
  uuid: { type: 'string', pattern: UUID },
  time: { type: 'string', pattern: TIME },
  base64: { type: 'string', pattern: BASE64 },
  dns1123: { type: 'string', pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', maxLength: 63 },
  swver: { type: 'string', pattern: '^([0-9]+)\\.([0-9]+)\\.([0-9]+)(-[a-zA-Z0-9-]+)*$' },
  link: { type: 'object' },
  label: { type: 'object' },
  stateDetail: { type: 'object' },
  transition: { type: 'object' },
}

/** `str 1-63`, `enum a b`, `uuid[]`, `str 1-31 /^a+$/`. */
function documentedSchema(type: string): JsonSchema {
  const [pattern] = /(?<=\/)\^.*\$(?=\/)/.exec(type) ?? []
  const [kind = '', ...rest] = type
    .replace(/\/\^.*\$\//, '')
    .trim()
    .split(' ')
  if (isArrayType(type)) {
    const single = documentedSchema(type.replace(/ ?\[\]/, ''))
    return { type: 'array', items: single }
  }
  if (kind === 'enum') return { enum: rest }
  const plain = PLAIN[kind]
  if (plain === undefined) throw new Error(`no documented type ${type}`)
  const [minLength, maxLength] = (rest[0] ?? '').split('-').map(Number)
  const lengths = maxLength === undefined ? {} : { minLength, maxLength }
  return { ...plain, ...lengths, ...(pattern === undefined ? {} : { pattern }) }
}
