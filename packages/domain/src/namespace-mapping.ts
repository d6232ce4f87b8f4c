// Into which new namespaces a clone puts those of its source.

export interface NamespacePair {
  readonly source: string
  readonly destination: string
}

export interface MappingFault {
  /** `namespaceMapping[1].destination` */
  readonly member: string
  readonly reason: string
}

export type NamespacePlan =
  | { readonly pairs: readonly NamespacePair[] }
  | { readonly faults: readonly MappingFault[] }

export interface NamespacesToMap {
  /** All namespaces of the source. */
  readonly known: readonly string[]
  /** Those of them that are to be made. */
  readonly wanted: readonly string[]
  readonly mapping: readonly NamespacePair[] | undefined
  /** Where the one namespace of a source goes that has only one and no mapping. */
  readonly fallback: string
}

/** Every wanted namespace has one destination of its own, or the faults say why not. */
export function planNamespaces(request: NamespacesToMap): NamespacePlan {
  const { known, wanted, fallback } = request
  const [only] = known
  if (request.mapping === undefined && known.length === 1 && only !== undefined) {
    return { pairs: wanted.includes(only) ? [{ source: only, destination: fallback }] : [] }
  }
  const mapping = request.mapping ?? []
  const faults = [...badEntries(mapping, known), ...missingEntries(mapping, wanted)]
  if (faults.length > 0) return { faults }
  return { pairs: mapping.filter(({ source }) => wanted.includes(source)) }
}

function badEntries(mapping: readonly NamespacePair[], known: readonly string[]): MappingFault[] {
  return mapping.flatMap((pair, at) => {
    const before = mapping.slice(0, at)
    const faults: MappingFault[] = []
    const fault = (name: keyof NamespacePair, reason: string) =>
      faults.push({ member: `namespaceMapping[${at}].${name}`, reason })
    if (!known.includes(pair.source))
      fault('source', `${pair.source} is no namespace of the source`)
    if (before.some(({ source }) => source === pair.source)) {
      fault('source', `names ${pair.source} again`)
    }
    if (before.some(({ destination }) => destination === pair.destination)) {
      fault('destination', `names ${pair.destination} again: each needs a namespace of its own`)
    }
    return faults
  })
}

function missingEntries(mapping: readonly NamespacePair[], wanted: readonly string[]) {
  return wanted
    .filter((namespace) => !mapping.some(({ source }) => source === namespace))
    .map((namespace) => ({
      member: 'namespaceMapping',
      reason: `must say where the namespace ${namespace} of the source goes`,
    }))
}
