// The database directory: made once, whole or not at all, and never read by another version.
import { execFile } from 'node:child_process'
import { chown, open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { POSTGRES_USER } from './database-url.ts'
import { clearProcesses } from './leftovers.ts'
import { PostgresError } from './postgres-error.ts'
import { commandAs, findNamedUid, type ServerIdentity } from './server-identity.ts'
import { giveTo, type ServerPlace } from './server-place.ts'

/** Makes the directory unless it is there; refuses one of another version, changing nothing. */
export async function ensureDataDirectory(place: ServerPlace): Promise<void> {
  const version = await readVersion(place.dataDirectory)
  if (version === undefined) return initialise(place)
  if (version !== place.majorVersion) {
    throw new PostgresError({
      code: 'postgres-version-mismatch',
      directory: place.dataDirectory,
      found: version,
      expected: place.majorVersion,
    })
  }
}

async function readVersion(directory: string): Promise<string | undefined> {
  const text = await readFile(join(directory, 'PG_VERSION'), 'utf8').catch((error) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  })
  return text?.trim()
}

/** Beside its final place first: a directory that exists is complete and flushed. */
async function initialise(place: ServerPlace): Promise<void> {
  const fresh = `${place.dataDirectory}.new`
  await clearProcesses(fresh, place)
  await rm(fresh, { recursive: true, force: true })
  const identity = await prepareForInitdb(place)
  const { program, args, options } = commandAs(
    identity,
    join(place.binaries, 'bin/initdb'),
    initialiseArgs(fresh),
  )
  try {
    const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }
    await promisify(execFile)(program, [...args], { ...options, cwd: '/', env })
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string }
    const output = stderr?.trim() || message
    await rm(fresh, { recursive: true, force: true })
    const failure = { directory: place.dataDirectory, output } as const
    throw new PostgresError({ code: 'postgres-init-failed', ...failure }, error)
  }
  await giveTo(place.identity, fresh)
  if (place.identity.kind === 'number') {
    await chown(place.base, place.identity.uid, place.identity.gid)
  }
  await rename(fresh, place.dataDirectory)
  await flushDirectory(place.base)
}

/**
 * A number without a name cannot run `initdb`. So the base is a named one's for this moment, with
 * the group that passes through the home; a start that was interrupted here gives it back.
 */
async function prepareForInitdb({ identity, base }: ServerPlace): Promise<ServerIdentity> {
  if (identity.kind !== 'number') return identity
  const named = { ...identity, uid: await findNamedUid() }
  await chown(base, named.uid, named.gid)
  return named
}

function initialiseArgs(directory: string): string[] {
  // The built-in C.UTF-8 sorts by code point and never changes with the system's libraries, which
  // would damage text indexes. Trust: the socket's directory is ours alone (see server-place.ts),
  // and whoever can enter it could read the files of the database as well.
  return [
    ...['-D', directory, '-U', POSTGRES_USER, '--auth=trust', '--encoding=UTF8', '--locale=C'],
    ...['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--no-instructions'],
  ]
}

async function flushDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
