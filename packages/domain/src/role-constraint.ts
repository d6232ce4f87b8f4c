// Which namespaces a role reaches: the grammar of `roleConstraints`, and what several of them come
// to together.

/** What a caller may look at, or act on. Everything below a namespace is its apps and their copies. */
export interface NamespaceReach {
  /** `*`: also what belongs to the account alone. */
  readonly isUnlimited: boolean
  /** All namespaces, as resources. */
  readonly seesAll: boolean
  /** All namespaces and everything below them. */
  readonly holdsAll: boolean
  /** Namespaces as resources. */
  readonly seenIDs: readonly string[]
  /** Namespaces and everything below them. */
  readonly heldIDs: readonly string[]
  /** Namespaces that carry one of these labels, and everything below them. */
  readonly heldLabels: readonly NamespaceLabel[]
}

export interface NamespaceLabel {
  readonly name: string
  readonly value: string
}

export const UNLIMITED_REACH: NamespaceReach = {
  isUnlimited: true,
  seesAll: true,
  holdsAll: true,
  seenIDs: [],
  heldIDs: [],
  heldLabels: [],
}

export const EMPTY_REACH: NamespaceReach = {
  isUnlimited: false,
  seesAll: false,
  holdsAll: false,
  seenIDs: [],
  heldIDs: [],
  heldLabels: [],
}

const ID = /^namespaces:id='([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})'(\.\*)?$/i
// Kubernetes: an optional DNS prefix, a name of at most 63, and a value of at most 63 or none.
const LABEL =
  /^namespaces:kubernetesLabels='((?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)=((?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?)'\.\*$/

/** Undefined: it is not one of the forms that a constraint has. */
export function readRoleConstraint(text: string): Partial<NamespaceReach> | undefined {
  if (text === '*') return UNLIMITED_REACH
  if (text === 'namespaces:*') return { seesAll: true }
  if (text === 'namespaces:*.*') return { seesAll: true, holdsAll: true }
  const [, id, below] = ID.exec(text) ?? []
  if (id !== undefined) {
    return below === undefined ? { seenIDs: [id.toLowerCase()] } : { heldIDs: [id.toLowerCase()] }
  }
  const [, name, value] = LABEL.exec(text) ?? []
  return name === undefined || value === undefined ? undefined : { heldLabels: [{ name, value }] }
}

/** They are alternatives; none reaches nothing, and one that cannot be read gives nothing. */
export function reachOf(constraints: readonly string[]): NamespaceReach {
  const parts = constraints.map((text) => readRoleConstraint(text) ?? {})
  if (parts.some((part) => part.isUnlimited)) return UNLIMITED_REACH
  return {
    isUnlimited: false,
    seesAll: parts.some((part) => part.seesAll),
    holdsAll: parts.some((part) => part.holdsAll),
    seenIDs: [...new Set(parts.flatMap((part) => part.seenIDs ?? []))],
    heldIDs: [...new Set(parts.flatMap((part) => part.heldIDs ?? []))],
    heldLabels: parts.flatMap((part) => part.heldLabels ?? []),
  }
}
