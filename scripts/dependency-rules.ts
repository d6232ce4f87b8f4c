// Which package may import what: the architecture as data. A change here is a reviewed decision.

export const PACKAGE_MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  filesystem: [],
  // Which addresses may be connected to, decided after names are resolved.
  network: [],
  engine: ['filesystem'],
  mover: ['domain', 'engine', 'filesystem', 'network'],
  platforms: ['domain', 'filesystem'],
  db: ['domain'],
  workflows: ['domain', 'db', 'network', 'platforms'],
  api: ['domain', 'db', 'network', 'workflows'],
  server: ['domain', 'filesystem', 'platforms', 'db', 'workflows', 'api', 'client'],
  client: [],
  // filesystem: the demo compares trees to the last attribute, by nothing that it restores with.
  cli: ['client', 'server', 'mover', 'engine', 'filesystem'],
  console: ['client'],
}

/** Beside that, for tests: the program's own run against databases that they share and look into. */
export const TESTS_MAY_IMPORT: Readonly<Record<string, readonly string[]>> = { cli: ['db'] }

/** What the API's lists are measured beside. */
const BARE_SERVER = 'bench/bare-server.ts'

/** Only these places may import these modules; tests and `testing/` may, too, where it says so. */
export const ONLY_PLACE: readonly {
  readonly modules: RegExp
  readonly places: readonly string[]
  readonly isFreeInTests: boolean
}[] = [
  { modules: /^koffi$/, places: ['packages/filesystem/'], isFreeInTests: false },
  { modules: /^sodium-native$/, places: ['packages/engine/src/crypto/'], isFreeInTests: false },
  { modules: /^(pg|kysely)$/, places: ['packages/db/', BARE_SERVER], isFreeInTests: false },
  { modules: /^@dbos-inc\//, places: ['packages/workflows/'], isFreeInTests: false },
  {
    modules: /^(fastify|typebox)$|^@fastify\//,
    places: ['packages/api/', BARE_SERVER],
    isFreeInTests: false,
  },
  { modules: /^(commander|cli-progress)$/, places: ['packages/cli/'], isFreeInTests: false },
  {
    modules: /^node:child_process$/,
    // The mover: commands whose output is a backup, or whose input is one.
    places: [
      'packages/platforms/',
      'packages/mover/',
      'packages/server/src/postgres/',
      'packages/cli/',
    ],
    isFreeInTests: true,
  },
]

/** Below `from`, nothing below `to` is imported. */
export const NEVER_IMPORTS: readonly { readonly from: string; readonly to: string }[] = [
  { from: 'packages/engine/src/backend/', to: 'packages/engine/src/commands/' },
  { from: 'packages/engine/src/format/', to: 'packages/engine/src/commands/' },
  ...apart('packages/platforms/src/', ['host/', 'docker/', 'kubernetes/']),
  ...apart('packages/api/src/', ['application/', 'container/']),
  { from: 'packages/api/src/operations/', to: 'packages/api/src/application/' },
  { from: 'packages/api/src/operations/', to: 'packages/api/src/container/' },
  { from: 'packages/api/src/operations/', to: 'packages/api/src/system/' },
]

/** Time, randomness and environment come in as arguments below the composition root. */
export const BANNED_CALLS: readonly { readonly pattern: RegExp; readonly name: string }[] = [
  { pattern: /\bDate\.now\b/, name: 'Date.now' },
  { pattern: /\bnew Date\(\)/, name: 'new Date()' },
  { pattern: /\bTemporal\.Now\b/, name: 'Temporal.Now' },
  { pattern: /\bMath\.random\b/, name: 'Math.random' },
  { pattern: /\bprocess\.env\b/, name: 'process.env' },
]

export const BANNED_CALLS_ALLOWED =
  /(^|\/)(clock|random)\.ts$|^packages\/(server|cli)\/|^packages\/mover\/src\/main\.ts$/

function apart(base: string, parts: readonly string[]): { from: string; to: string }[] {
  return parts.flatMap((from) =>
    parts.filter((to) => to !== from).map((to) => ({ from: base + from, to: base + to })),
  )
}
