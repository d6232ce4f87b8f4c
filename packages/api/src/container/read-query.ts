// Reads query strings: arrays that are repeated or joined by commas, `page[…]` and `filter[…]`.
//
// What the dialect's documents name is taken, also where it means nothing here; anything else is
// refused with its name, since a filter that was not applied would answer what was not asked for.
import { findUnstorableText } from '../storable-text.ts'
import { RequestError } from './request-failure.ts'
import type { QueryDefinition, ReadQuery, SortKey } from './route-definition.ts'

/** As Fastify parses it: percent-encoding is gone, so `page%5Bsize%5D` is `page[size]`. */
export type SentQuery = Readonly<Record<string, string | readonly string[] | undefined>>

export const PAGE_SIZE_DEFAULT = 20
/** A larger one is refused: clients take a page that is shorter than they asked for as the last. */
export const PAGE_SIZE_MAX = 1000
/** A product of a page's number and size must stay a number that the database can skip. */
const DIGITS_MAX = 9

export function readQuery(definition: QueryDefinition | undefined, sent: SentQuery): ReadQuery {
  const { include = [], meta = [], sort = [], filter = [], isPaged = false } = definition ?? {}
  const read = {
    include: new Set<string>(),
    meta: new Set<string>(),
    sort: [] as SortKey[],
    filter: {} as Record<string, readonly string[]>,
    page: {} as { number?: number; size?: number },
  }
  for (const [parameter, value = ''] of Object.entries(sent)) {
    const values = [value].flat()
    if (findUnstorableText(values) !== undefined) {
      throw refusal(parameter, 'holds a character that no text has')
    }
    const elements = values.flatMap((text) => text.split(',')).filter((text) => text !== '')
    const name = /^filter\[([^[\]]+)\]$/.exec(parameter)?.[1]
    if (parameter === 'include') read.include = new Set(known(parameter, elements, include))
    else if (parameter === 'meta') read.meta = new Set(known(parameter, elements, meta))
    else if (parameter === 'sort') read.sort = toSortKeys(elements, sort)
    else if (name !== undefined && filter.includes(name)) {
      read.filter[name] = [...new Set(elements)]
    } else if (isPaged && parameter === 'page[size]') read.page.size = toSize(values)
    else if (isPaged && parameter === 'page[number]') read.page.number = toNumber(parameter, values)
    else throw refusal(parameter, 'is not known here')
  }
  const { page, ...others } = read
  const { number = 1, size = PAGE_SIZE_DEFAULT } = page
  return Object.keys(page).length === 0 ? others : { ...others, page: { number, size } }
}

function known(
  parameter: string,
  elements: readonly string[],
  allowed: readonly string[],
): readonly string[] {
  const unknown = elements.find((element) => !allowed.includes(element))
  if (unknown === undefined) return elements
  throw refusal(parameter, `cannot be ${unknown}: ${offer(allowed)}`)
}

/** What a key has put in order, the same key further on does not change. */
function toSortKeys(elements: readonly string[], allowed: readonly string[]): SortKey[] {
  const sorted = new Map<string, SortKey>()
  for (const element of elements) {
    const sortKey = toSortKey(element, allowed)
    if (!sorted.has(sortKey.key)) sorted.set(sortKey.key, sortKey)
  }
  return [...sorted.values()]
}

function toSortKey(element: string, allowed: readonly string[]): SortKey {
  const isDescending = element.startsWith('-')
  const key = isDescending ? element.slice(1) : element
  if (allowed.includes(key)) return { key, isDescending }
  throw refusal('sort', `cannot be ${element}: ${offer(allowed)}`)
}

function offer(allowed: readonly string[]): string {
  return allowed.length === 0 ? 'there is nothing to choose here' : `it takes ${allowed.join(', ')}`
}

function toSize(values: readonly string[]): number {
  const size = toNumber('page[size]', values)
  if (size <= PAGE_SIZE_MAX) return size
  throw new RequestError({ code: 'page-too-large', sizeMax: PAGE_SIZE_MAX })
}

function toNumber(parameter: string, values: readonly string[]): number {
  const [text = '', ...others] = values
  const isNumber = /^[0-9]+$/.test(text) && text.length <= DIGITS_MAX && Number(text) > 0
  if (isNumber && others.length === 0) return Number(text)
  throw refusal(parameter, `must be one whole number from 1 on, of at most ${DIGITS_MAX} digits`)
}

function refusal(parameter: string, reason: string): RequestError {
  return new RequestError({ code: 'query-invalid', parameter, reason })
}
