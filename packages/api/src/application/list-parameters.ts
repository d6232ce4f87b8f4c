// Reads the seven parameters of a collection.
import {
  type FieldCondition,
  type FieldKind,
  OPERATORS,
  type Operator,
  type ResourceSource,
} from '@holdfast/db'
import type { InvalidMember } from '../operations/operation-failure.ts'
import { RequestError } from './request-failure.ts'
import { TIME_PATTERN } from './shared-schemas.ts'

export interface ListParameters {
  /** Wire names of top-level fields, as asked, repeats included. */
  readonly include?: readonly string[]
  readonly where: readonly FieldCondition[]
  readonly orderBy?: { readonly field: string; readonly isDescending: boolean }
  readonly limit?: number
  readonly skip?: number
  readonly isCounted: boolean
  readonly continue?: string
  /** What a continue token is bound to, beside the account and the path. */
  readonly binding: string
}

export interface ListedFields {
  readonly source: Pick<ResourceSource<never>, 'fields'>
  /** Wire name → field of the source. */
  readonly fields: Readonly<Record<string, string>>
  /** Top-level wire names. */
  readonly wireNames: readonly string[]
}

export type Query = Readonly<Record<string, string | readonly string[] | undefined>>

const NAMES = ['include', 'filter', 'orderBy', 'limit', 'skip', 'count', 'continue'] as const
type Name = (typeof NAMES)[number]

/** A page is held in memory as a whole; whoever asks for more goes on with `continue`. */
export const PAGE_ITEMS_MAX = 10_000

/** Fails with `query-unsupported` for unknown names and `query-invalid` for bad values. */
export function readListParameters(query: Query, fields: ListedFields): ListParameters {
  refuseParameters(Object.keys(query).filter((name) => !NAMES.includes(name as Name)))
  const invalid: InvalidMember[] = []
  const single = (name: Name) => readSingle(query, name, invalid)
  const include = readInclude(single('include'), fields, invalid)
  const filters = [query.filter ?? []].flat()
  const where = filters.flatMap((filter) => readFilter(filter, fields, invalid))
  const order = single('orderBy')
  const orderBy = readOrderBy(order, fields, invalid)
  const limit = readPositive('limit', single('limit'), invalid)
  const skip = readPositive('skip', single('skip'), invalid)
  const count = single('count')
  if (count !== undefined && count !== 'true') {
    invalid.push({ name: 'count', reason: 'must be true' })
  }
  const token = single('continue')
  if (invalid.length > 0) throw new RequestError({ code: 'query-invalid', parameters: invalid })
  return {
    ...(include === undefined ? {} : { include }),
    where,
    ...(orderBy === undefined ? {} : { orderBy }),
    ...(limit === undefined ? {} : { limit: Math.min(limit, PAGE_ITEMS_MAX) }),
    ...(skip === undefined ? {} : { skip }),
    isCounted: count === 'true',
    ...(token === undefined ? {} : { continue: token }),
    binding: JSON.stringify([filters, order ?? null]),
  }
}

/** For everything that is no collection: any query parameter is one too many. */
export function refuseParameters(names: readonly string[]): void {
  if (names.length === 0) return
  throw new RequestError({
    code: 'query-unsupported',
    parameters: names.map((name) => ({
      name: name === '' ? '(empty)' : name,
      reason: 'is not supported here',
    })),
  })
}

function readSingle(query: Query, name: Name, invalid: InvalidMember[]): string | undefined {
  const value = query[name]
  if (value === undefined || typeof value === 'string') return value
  invalid.push({ name, reason: 'may be given once only' })
  return undefined
}

function readInclude(
  text: string | undefined,
  { wireNames }: ListedFields,
  invalid: InvalidMember[],
): readonly string[] | undefined {
  if (text === undefined) return undefined
  if (!/^([0-9a-zA-Z]+)(,[0-9a-zA-Z]+)*$/.test(text)) {
    invalid.push({ name: 'include', reason: 'must be a comma-separated list of field names' })
    return undefined
  }
  const names = text.split(',')
  const unknown = names.filter((name) => !wireNames.includes(name))
  if (unknown.length > 0) {
    invalid.push({
      name: 'include',
      reason: `names fields that do not exist: ${unknown.join(', ')}`,
    })
  }
  return names
}

function readOrderBy(
  text: string | undefined,
  { source, fields }: ListedFields,
  invalid: InvalidMember[],
): ListParameters['orderBy'] {
  if (text === undefined) return undefined
  const match = /^([0-9a-zA-Z]+)((?: |%20)desc)?$/.exec(text)
  if (match?.[1] === undefined) {
    invalid.push({
      name: 'orderBy',
      reason: 'must be a field name, optionally followed by " desc"',
    })
    return undefined
  }
  const field = fields[match[1]]
  const kind = field === undefined ? undefined : source.fields[field]?.kind
  if (field === undefined || kind === undefined || kind === 'json') {
    invalid.push({ name: 'orderBy', reason: `names a field that has no order: ${match[1]}` })
    return undefined
  }
  return { field, isDescending: match[2] !== undefined }
}

function readPositive(
  name: 'limit' | 'skip',
  text: string | undefined,
  invalid: InvalidMember[],
): number | undefined {
  if (text === undefined) return undefined
  if (!/^([1-9][0-9]*)$/.test(text)) {
    invalid.push({ name, reason: 'must be a whole number from 1 on' })
    return undefined
  }
  // More than can be counted is as much as there is.
  return Math.min(Number(text), Number.MAX_SAFE_INTEGER)
}

const EXPRESSION =
  /(?<field>[0-9a-zA-Z]+(?:\[\*\])?(?:\.[0-9a-zA-Z]+(?:\[\*\])?)*)(?: |%20)(?<operator>eq|lt|gt|lte|gte|in)(?: |%20)'(?<value>[0-9a-zA-Z.,\-_:@ {}";<=>?/\\[\]^]+)'/y

/** A comma-separated list of `<field> <operator> '<value>'`, all of which must hold. */
function readFilter(
  text: string,
  fields: ListedFields,
  invalid: InvalidMember[],
): FieldCondition[] {
  const conditions: FieldCondition[] = []
  const expression = new RegExp(EXPRESSION)
  for (let at = 0; ; at += 1) {
    expression.lastIndex = at
    const match = expression.exec(text)
    if (match?.groups === undefined) {
      invalid.push({ name: 'filter', reason: `must read <field> <operator> '<value>'` })
      return []
    }
    const condition = readCondition(match.groups, fields, invalid)
    if (condition !== undefined) conditions.push(condition)
    at = expression.lastIndex
    if (at === text.length) return conditions
    if (text[at] !== ',') {
      invalid.push({ name: 'filter', reason: 'has something behind an expression' })
      return []
    }
  }
}

function readCondition(
  groups: Readonly<Record<string, string | undefined>>,
  { source, fields }: ListedFields,
  invalid: InvalidMember[],
): FieldCondition | undefined {
  const { field: name = '', value = '' } = groups
  const operator = OPERATORS.find((known) => known === groups.operator)
  const found = findField(name.replaceAll('[*]', '').split('.'), { fields })
  const kind = found === undefined ? undefined : source.fields[found.field]?.kind
  if (operator === undefined || found === undefined || kind === undefined) {
    invalid.push({ name: 'filter', reason: `names a field that cannot be filtered by: ${name}` })
    return undefined
  }
  if (found.path.length > 0 && kind !== 'json') {
    invalid.push({ name: 'filter', reason: `names a member of a field that has none: ${name}` })
    return undefined
  }
  const comparable = readValue(kind, operator, value)
  if (comparable === undefined) {
    invalid.push({ name: 'filter', reason: `compares ${name} with something else than a ${kind}` })
    return undefined
  }
  return { ...found, operator, value: comparable }
}

/** The longest known wire name that `segments` begin with; what is left is a path below it. */
function findField(
  segments: readonly string[],
  { fields }: Pick<ListedFields, 'fields'>,
): Pick<FieldCondition, 'field' | 'path'> | undefined {
  for (let length = segments.length; length > 0; length -= 1) {
    const field = fields[segments.slice(0, length).join('.')]
    if (field !== undefined) return { field, path: segments.slice(length) }
  }
  return undefined
}

function readValue(kind: FieldKind, operator: Operator, value: string): string | undefined {
  if (operator === 'in' || kind === 'text' || kind === 'json') return value
  if (kind === 'number') return /^-?[0-9]{1,18}(\.[0-9]{1,18})?$/.test(value) ? value : undefined
  if (!new RegExp(TIME_PATTERN).test(value)) return undefined
  // PostgreSQL knows no year 0; nothing that is kept is as old.
  if (value.startsWith('0000')) return '-infinity'
  const instant = new Date(value.replace(',', '.'))
  return Number.isNaN(instant.getTime()) ? undefined : instant.toISOString()
}
