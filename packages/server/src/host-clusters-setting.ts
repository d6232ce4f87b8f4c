// Reads HOLDFAST_HOST_CLUSTERS: further directories of this machine that are clusters.

export interface NamedHostCluster {
  readonly name: string
  /** Absolute. */
  readonly root: string
}

const NAME_PATTERN = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/

/** More than this on one machine is a mistake in a script. */
const CLUSTERS_MAX = 64

export function readHostClusters(
  text: string | undefined,
  { path, problems }: { readonly path: (text: string) => string; readonly problems: string[] },
): readonly NamedHostCluster[] {
  const entries = (text ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
  const clusters = entries.flatMap((entry): NamedHostCluster[] => {
    const at = entry.indexOf('=')
    const [name, root] = [entry.slice(0, at).trim(), entry.slice(at + 1).trim()]
    if (at > 0 && NAME_PATTERN.test(name) && root !== '') return [{ name, root: path(root) }]
    problems.push(
      `HOLDFAST_HOST_CLUSTERS holds "${entry}", but takes name=/directory, with commas between; names are of a-z, 0-9 and hyphens.`,
    )
    return []
  })
  for (const key of ['name', 'root'] as const) {
    const values = clusters.map((cluster) => cluster[key])
    const twice = values.find((value, at) => values.indexOf(value) !== at)
    if (twice !== undefined) problems.push(`HOLDFAST_HOST_CLUSTERS names ${twice} twice.`)
  }
  if (clusters.length > CLUSTERS_MAX) {
    problems.push(`HOLDFAST_HOST_CLUSTERS names more than ${CLUSTERS_MAX} clusters.`)
  }
  return clusters
}
