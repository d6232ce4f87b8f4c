// Knows which methods each path answers, so that a wrong method is told from a wrong path.

export interface PathIndex {
  /** `path` with parameters as `:name`. */
  add(path: string, method: string | readonly string[]): void
  /** Empty for a path that nothing answers. */
  methodsOf(path: string): readonly string[]
}

export function makePathIndex(): PathIndex {
  const known = new Map<string, { readonly matches: RegExp; readonly methods: Set<string> }>()
  return {
    add(path, method) {
      const entry = known.get(path) ?? { matches: matcherOf(path), methods: new Set<string>() }
      for (const each of [method].flat()) entry.methods.add(each)
      known.set(path, entry)
    },
    methodsOf(path) {
      // A path without parameters is found before one that takes its last part for an id.
      const literal = known.get(path.replace(/(?<=.)\/$/, ''))
      const found = literal ?? [...known.values()].find(({ matches }) => matches.test(path))
      return found === undefined ? [] : [...found.methods]
    },
  }
}

function matcherOf(path: string): RegExp {
  const escaped = path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:[A-Za-z_]+/g, '[^/]+')
  return new RegExp(`^${escaped}/?$`)
}
