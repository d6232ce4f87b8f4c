// What the resources of an app are called where no Kubernetes names them: on a host the directory
// of a namespace and those of its volumes.

const GROUP = { group: 'holdfast.io', version: 'v1' } as const

export const NAMESPACE_KIND = { ...GROUP, kind: 'Namespace' } as const
export const VOLUME_KIND = { ...GROUP, kind: 'Volume' } as const

/** The volume of the entries of a namespace that are no directories. */
export const LOOSE_VOLUME_KEY = '.'
