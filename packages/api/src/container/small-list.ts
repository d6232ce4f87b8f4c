// Lists of which there are never many: read as a whole, then sorted and cut into pages here.
import type { ReadQuery, SortKey } from './route-definition.ts'

/** What a list may be sorted by, by the key in the query. */
export type SortValues<Item> = Readonly<Record<string, (item: Item) => string | number | Date>>

/** The order that `items` have decides where the keys do not. */
export function pageOf<Item>(
  items: readonly Item[],
  { sort, page }: Pick<ReadQuery, 'sort' | 'page'>,
  values: SortValues<Item>,
): readonly Item[] {
  const sorted = items.toSorted((one, other) => compare(one, other, { sort, values }))
  if (page === undefined) return sorted
  const start = (page.number - 1) * page.size
  return sorted.slice(start, start + page.size)
}

/** A filter without values asks for nothing, so it filters nothing. */
export function isAmong(values: readonly string[] | undefined, value: string): boolean {
  return values === undefined || values.length === 0 || values.includes(value)
}

/** `search` of the filter: any of its texts is in one of the item's, whatever their case. */
export function matchesSearch(
  search: readonly string[] | undefined,
  texts: readonly (string | undefined)[],
): boolean {
  if (search === undefined || search.length === 0) return true
  return search.some((wanted) =>
    texts.some((text) => text?.toLowerCase().includes(wanted.toLowerCase()) === true),
  )
}

function compare<Item>(
  one: Item,
  other: Item,
  { sort, values }: { readonly sort: readonly SortKey[]; readonly values: SortValues<Item> },
): number {
  for (const { key, isDescending } of sort) {
    const read = values[key]
    if (read === undefined) throw new RangeError(`Nothing is sorted by ${key}.`)
    const [left, right] = [read(one), read(other)]
    if (left < right) return isDescending ? 1 : -1
    if (left > right) return isDescending ? -1 : 1
  }
  return 0
}
