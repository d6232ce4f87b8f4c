// Settles as whom PostgreSQL runs, and where its binaries, data and socket are.
import { createHash } from 'node:crypto'
import {
  chmod,
  chown,
  cp,
  lchown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { findPostgresBinaries, type PostgresBinaries } from './binaries.ts'
import { PostgresError } from './postgres-error.ts'
import {
  commandAs,
  FOREIGN_NUMBER,
  fileOwnerOf,
  findNamedUid,
  type ServerIdentity,
  tryCommand,
} from './server-identity.ts'

export interface ServerPlace {
  readonly identity: ServerIdentity
  /** Holds `bin`, `lib` and `share`; readable to the identity. */
  readonly binaries: string
  readonly majorVersion: string
  /** `data`, the log and, when its path is short enough, the socket lie here. */
  readonly base: string
  readonly dataDirectory: string
  readonly socketDirectory: string
  readonly logFile: string
  /** In the titles of the server's processes, so that they can be told from another server's. */
  readonly clusterName: string
}

export interface ServerPlaceOptions {
  /** `$HOLDFAST_HOME/postgres`. */
  readonly directory: string
  /** False makes root use the number instead, as where namespaces are refused. */
  readonly isUserNamespaceAllowed: boolean
  /** Holds the data of homes that nobody but root can reach, when the number is used. */
  readonly relocationRoot: string
  readonly isRoot: boolean
  /** What npm brought when left out. */
  readonly binaries?: PostgresBinaries
}

/** `sun_path` has 108 bytes with its final zero; PostgreSQL also writes `<socket>.lock`. */
const SOCKET_PATH_BYTES_MAX = 107 - '.lock'.length
const SOCKET_NAME = '.s.PGSQL.5432'

export async function settleServerPlace(options: ServerPlaceOptions): Promise<ServerPlace> {
  const found = options.binaries ?? (await findPostgresBinaries())
  await mkdir(options.directory, { recursive: true, mode: 0o700 })
  const directory = await realpath(options.directory)
  const recorded = await readLocation(directory)
  const identity = await chooseIdentity({ ...options, base: recorded ?? directory, found })
  const base = recorded ?? (await chooseBase({ ...options, directory, identity }))
  if (identity.kind === 'number') await chown(base, identity.uid, identity.gid)
  const binaries = await reachableBinaries({ found, base, identity })
  const dataDirectory = join(base, 'data')
  await giveTo(identity, dataDirectory)
  const hash = createHash('sha256').update(dataDirectory).digest('hex').slice(0, 12)
  return {
    identity,
    binaries,
    majorVersion: found.majorVersion,
    base,
    dataDirectory,
    socketDirectory: await makeSocketDirectory({ base, hash, identity, isRoot: options.isRoot }),
    logFile: join(base, 'postgres.log'),
    clusterName: `holdfast-${hash}`,
  }
}

async function chooseIdentity(
  options: ServerPlaceOptions & { readonly base: string; readonly found: PostgresBinaries },
): Promise<ServerIdentity> {
  if (!options.isRoot) return { kind: 'same-user' }
  const inNamespace = { kind: 'user-namespace', insideUid: await findNamedUid() } as const
  if (options.isUserNamespaceAllowed) {
    if ((await stat(options.base)).uid === FOREIGN_NUMBER) await chown(options.base, 0, 0)
    // A home that belongs to another user (`sudo` keeps HOME) is closed to the namespace: root's
    // power over files of others does not reach into it. So both are tried, not assumed.
    const probe = commandAs(inNamespace, 'sh', [
      '-c',
      'test -w "$1" && exec "$2" --version',
      'sh',
      options.base,
      join(options.found.directory, 'bin/postgres'),
    ])
    if ((await tryCommand(probe)) === undefined) return inNamespace
  }
  return { kind: 'number', uid: FOREIGN_NUMBER, gid: FOREIGN_NUMBER }
}

async function chooseBase(
  options: ServerPlaceOptions & { readonly identity: ServerIdentity },
): Promise<string> {
  const { directory, identity } = options
  if (identity.kind !== 'number') return directory
  await openForGroup(dirname(directory), identity.gid)
  await chown(directory, identity.uid, identity.gid)
  const refused = await tryCommand(commandAs(identity, 'test', ['-w', directory]))
  if (refused === undefined) return directory
  return relocate(options, identity)
}

/** Lets the number pass through the home, which stays closed to everybody else. */
async function openForGroup(home: string, gid: number): Promise<void> {
  const { mode, uid } = await stat(home)
  if ((mode & 0o001) !== 0) return
  await chown(home, uid, gid)
  await chmod(home, (mode & 0o700) | 0o010)
}

/** The place is written down before it is used: an install must never lose sight of its data. */
async function relocate(
  { directory, relocationRoot }: ServerPlaceOptions,
  identity: Extract<ServerIdentity, { kind: 'number' }>,
): Promise<string> {
  const hash = createHash('sha256').update(directory).digest('hex').slice(0, 16)
  const base = join(relocationRoot, `postgres-${hash}`)
  try {
    await mkdir(relocationRoot, { recursive: true, mode: 0o711 })
    await mkdir(base, { recursive: true, mode: 0o700 })
    await chown(base, identity.uid, identity.gid)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new PostgresError({ code: 'postgres-not-permitted', directory, reason }, error)
  }
  const refused = await tryCommand(commandAs(identity, 'test', ['-w', base]))
  if (refused !== undefined) {
    throw new PostgresError({ code: 'postgres-not-permitted', directory: base, reason: refused })
  }
  const temporary = join(directory, 'location.new')
  await writeFile(temporary, `${base}\n`, { mode: 0o600, flush: true })
  await rename(temporary, join(directory, 'location'))
  return base
}

async function readLocation(directory: string): Promise<string | undefined> {
  const text = await readFile(join(directory, 'location'), 'utf8').catch((error) => {
    // One that is there and cannot be read must not make an empty database in its place.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  })
  const base = text?.trim()
  if (base === undefined || base === '') return undefined
  const isThere = await stat(base).then(
    (found) => found.isDirectory(),
    () => false,
  )
  if (!isThere) {
    const home = dirname(directory)
    throw new PostgresError({ code: 'postgres-data-missing', directory: base, home })
  }
  return base
}

interface ReachableBinariesOptions {
  readonly found: PostgresBinaries
  readonly base: string
  readonly identity: ServerIdentity
}

/** The npm package itself where the identity can run it, otherwise a copy beside the data. */
async function reachableBinaries(options: ReachableBinariesOptions): Promise<string> {
  const { found, base, identity } = options
  const refused = await tryVersion(identity, found.directory)
  if (refused === undefined) return found.directory
  if (identity.kind !== 'number') {
    const failure = { directory: found.directory, reason: refused } as const
    throw new PostgresError({ code: 'postgres-not-permitted', ...failure })
  }
  const copy = join(base, `binaries-${found.packageVersion}`)
  if ((await tryVersion(identity, copy)) === undefined) return copy
  const temporary = `${copy}.new`
  await rm(temporary, { recursive: true, force: true })
  await rm(copy, { recursive: true, force: true })
  await cp(found.directory, temporary, { recursive: true, verbatimSymlinks: true })
  await openToAll(temporary)
  await rename(temporary, copy)
  const stillRefused = await tryVersion(identity, copy)
  if (stillRefused === undefined) return copy
  const failure = { directory: copy, reason: stillRefused } as const
  throw new PostgresError({ code: 'postgres-not-permitted', ...failure })
}

/** A copy of the published package: nothing in it is secret, and `initdb` runs as another number. */
async function openToAll(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const isProgram = entry.isDirectory() || basename(entry.parentPath) === 'bin'
    if (!entry.isSymbolicLink()) {
      await chmod(join(entry.parentPath, entry.name), isProgram ? 0o755 : 0o644)
    }
  }
  await chmod(directory, 0o755)
}

function tryVersion(identity: ServerIdentity, binaries: string): Promise<string | undefined> {
  return tryCommand(commandAs(identity, join(binaries, 'bin/postgres'), ['--version']))
}

/**
 * Makes a tree the identity's, when it was another's (an install that moved between a host and a
 * container). The top comes last: an interrupted run starts over.
 */
export async function giveTo(identity: ServerIdentity, path: string): Promise<void> {
  const owner = fileOwnerOf(identity)
  const top = await lstat(path).catch(() => undefined)
  if (owner === -1 || top === undefined || top.uid === owner) return
  const group = identity.kind === 'number' ? identity.gid : 0
  for (const name of await readdir(path, { recursive: true })) {
    await lchown(join(path, name), owner, group)
  }
  await lchown(path, owner, group)
}

interface SocketDirectoryOptions {
  readonly base: string
  readonly hash: string
  readonly identity: ServerIdentity
  readonly isRoot: boolean
}

/** Only we may enter it: whoever reaches the socket is let in without a password. */
async function makeSocketDirectory(options: SocketDirectoryOptions): Promise<string> {
  const { base, hash, isRoot } = options
  const candidates = [
    join(base, 'socket'),
    ...(isRoot ? [`/run/holdfast-${hash}`] : []),
    join(tmpdir(), `holdfast-${hash}`),
    `/tmp/holdfast-${hash}`,
  ]
  for (const candidate of candidates.filter(isShortEnough)) {
    if (await makePrivate(candidate, options.identity)) return candidate
  }
  // Somebody else took the names in /tmp; one that nobody can guess is free.
  const unguessable = await mkdtemp('/tmp/holdfast-')
  await makePrivate(unguessable, options.identity)
  return unguessable
}

function isShortEnough(directory: string): boolean {
  return Buffer.byteLength(join(directory, SOCKET_NAME)) <= SOCKET_PATH_BYTES_MAX
}

async function makePrivate(directory: string, identity: ServerIdentity): Promise<boolean> {
  const owner = fileOwnerOf(identity)
  const self = process.getuid?.() ?? -1
  try {
    await mkdir(directory, { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return false
  }
  const found = await lstat(directory)
  if (!found.isDirectory() || (found.uid !== self && found.uid !== owner)) return false
  if (owner !== -1 && found.uid !== owner) await lchown(directory, owner, owner)
  await chmod(directory, 0o700)
  return true
}
