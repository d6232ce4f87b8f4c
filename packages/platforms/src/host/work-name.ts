// Names of what the service puts into a work area, made from the callers' ids.

export type WorkKind = 'snapshot' | 'restore'

/** The id becomes part of a file name, so it must be one; ids are made by the service itself. */
export function workName(kind: WorkKind, id: string): string {
  if (!ID_PATTERN.test(id)) throw new RangeError(`an id must match ${ID_PATTERN}, not ${id}`)
  return `${kind}-${id}`
}

/** Reverses `workName`, for finished and for partial things. */
export function readWorkName(
  name: string,
): { readonly kind: WorkKind; readonly id: string } | undefined {
  const match = /^(snapshot|restore)-(.+?)(\.partial)?$/.exec(name)
  const [, kind, id] = match ?? []
  if (id === undefined || !ID_PATTERN.test(id)) return undefined
  return { kind: kind === 'snapshot' ? 'snapshot' : 'restore', id }
}

export const PARTIAL_SUFFIX = '.partial'

// The length leaves room for the prefix and for suffixes below NAME_MAX.
const ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,199}$/
