// Which resources of a copy a selective restore brings back. Pure: nothing is looked up here.
//
// An element selects a resource when all its given members match: of an array of names any element,
// of label selectors all. What any element selects is included, or excluded.
import { type LabelSelector, matchesLabels, parseLabelSelector } from './label-selector.ts'
import { LOOSE_VOLUME_KEY, NAMESPACE_KIND, VOLUME_KIND } from './resource-kinds.ts'

export interface RestoreFilter {
  readonly resourceSelectionCriteria: 'include' | 'exclude'
  readonly GVKN: readonly FilterElement[]
}

export interface FilterElement {
  readonly group?: string
  readonly version?: string
  readonly kind?: string
  readonly namespaces?: readonly string[]
  readonly names?: readonly string[]
  readonly labelSelectors?: readonly string[]
}

export interface FilterFault {
  /** `restoreFilter.GVKN[0].labelSelectors[1]` */
  readonly member: string
  readonly reason: string
}

/** A resource as a copy's inventory knows it. */
export interface FilteredResource {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly name: string
  readonly namespace?: string
  readonly labels?: Readonly<Record<string, string>>
}

export interface VolumeName {
  readonly namespace: string
  readonly key: string
}

/** Elements that say nothing, and selectors that cannot be read. */
export function checkRestoreFilter({ GVKN }: RestoreFilter): FilterFault[] {
  if (GVKN.length === 0) {
    return [{ member: 'restoreFilter.GVKN', reason: 'must have at least one element' }]
  }
  return GVKN.flatMap((element, at): FilterFault[] => {
    const member = `restoreFilter.GVKN[${at}]`
    if (isEmpty(element)) return [{ member, reason: 'must say something about the resources' }]
    return (element.labelSelectors ?? []).flatMap((selector, position) =>
      parseLabelSelector(selector) === undefined
        ? [
            {
              member: `${member}.labelSelectors[${position}]`,
              reason: 'is no label selector, such as app=mysql or tier in (web, cache)',
            },
          ]
        : [],
    )
  })
}

/** The filter must have no fault. Keeps the order. */
export function selectResources<Resource extends FilteredResource>(
  resources: readonly Resource[],
  filter: RestoreFilter,
): Resource[] {
  const elements = filter.GVKN.map(readElement)
  const isIncluded = filter.resourceSelectionCriteria === 'include'
  return resources.filter(
    (resource) => elements.some((element) => matches(element, resource)) === isIncluded,
  )
}

/**
 * The volumes whose resource is selected. The loose entries of a namespace (volume `.`) have none of
 * their own: they come with the namespace. A volume that the inventory does not know is judged by
 * what is known of it.
 */
export function selectVolumes<Volume extends VolumeName>(
  volumes: readonly Volume[],
  resources: readonly FilteredResource[],
  filter: RestoreFilter,
): Volume[] {
  return volumes.filter(
    (volume) => selectResources([resourceOf(volume, resources)], filter).length > 0,
  )
}

function resourceOf(
  { namespace, key }: VolumeName,
  resources: readonly FilteredResource[],
): FilteredResource {
  const isLoose = key === LOOSE_VOLUME_KEY
  const found = resources.find((resource) =>
    isLoose
      ? resource.kind === NAMESPACE_KIND.kind && resource.name === namespace
      : resource.kind === VOLUME_KIND.kind &&
        resource.namespace === namespace &&
        resource.name === key,
  )
  if (found !== undefined) return found
  return isLoose ? { ...NAMESPACE_KIND, name: namespace } : { ...VOLUME_KIND, namespace, name: key }
}

interface ReadElement extends Omit<FilterElement, 'labelSelectors'> {
  readonly selectors: readonly LabelSelector[]
}

function isEmpty({ group, version, kind, namespaces, names, labelSelectors }: FilterElement) {
  const texts = [group, version, kind].every((text) => text === undefined || text === '')
  const lists = [namespaces, names, labelSelectors].every((list) => (list ?? []).length === 0)
  return texts && lists
}

function readElement({ labelSelectors = [], ...element }: FilterElement): ReadElement {
  return { ...element, selectors: labelSelectors.map((text) => parseLabelSelector(text) ?? []) }
}

/** A namespace is in itself, so that naming it selects it with what it holds. */
function matches(element: ReadElement, resource: FilteredResource): boolean {
  const { group, version, kind, namespaces, names, selectors } = element
  const namespace =
    resource.kind === NAMESPACE_KIND.kind ? resource.name : (resource.namespace ?? '')
  return (
    isOneOf(group, resource.group) &&
    isOneOf(version, resource.version) &&
    isOneOf(kind, resource.kind) &&
    isAmong(namespaces, namespace) &&
    isAmong(names, resource.name) &&
    selectors.every((selector) => matchesLabels(selector, resource.labels ?? {}))
  )
}

/** An empty text and an empty list say nothing, as an absent one. */
function isOneOf(wanted: string | undefined, found: string): boolean {
  return wanted === undefined || wanted === '' || wanted === found
}

function isAmong(wanted: readonly string[] | undefined, found: string): boolean {
  return wanted === undefined || wanted.length === 0 || wanted.includes(found)
}
