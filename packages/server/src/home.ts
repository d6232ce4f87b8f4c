// The home directory: locked by one service at a time, with that service's identity in it.
import { randomBytes, randomUUID } from 'node:crypto'
import { chmod, type FileHandle, mkdir, open, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { tryLockFile } from '@holdfast/filesystem'
import { writePrivateFile } from './durable-file.ts'
import { ServerError } from './server-error.ts'

export interface LockedHome {
  readonly directory: string
  readonly identity: HomeIdentity
  release(): Promise<void>
}

export interface HomeIdentity {
  /** What a database that is new is given; one that has another belongs to another home. */
  readonly installationID: string
  /** Names this service to DBOS and in repository locks, from start to start. */
  readonly executorID: string
}

const IDENTITY_FILE = 'service.json'
const EXECUTOR_ID_BYTES = 8

/** Makes the directory and its identity when they are missing. Fails with `home-in-use`. */
export async function lockHome(directory: string): Promise<LockedHome> {
  const lock = await openLock(directory)
  try {
    if (!tryLockFile(lock.fd)) {
      throw new ServerError({ code: 'home-in-use', home: directory, pid: await readHolder(lock) })
    }
    await lock.truncate()
    await lock.write(`${process.pid}\n`, 0)
    const identity = await ensureIdentity(join(directory, IDENTITY_FILE))
    return { directory, identity, release: () => lock.close() }
  } catch (error) {
    await lock.close()
    throw error
  }
}

/** Is there anything at `directory` that a service made? */
export async function isHome(directory: string): Promise<boolean> {
  return stat(join(directory, IDENTITY_FILE)).then(
    () => true,
    () => false,
  )
}

async function openLock(directory: string): Promise<FileHandle> {
  try {
    const made = await mkdir(directory, { recursive: true, mode: 0o700 })
    // It holds keys and tokens; one that was there keeps the mode that its owner chose.
    if (made !== undefined) await chmod(directory, 0o700)
    return await open(join(directory, 'service.lock'), 'a+', 0o600)
  } catch (error) {
    const reason = (error as Error).message
    throw new ServerError({ code: 'home-not-usable', home: directory, reason }, error)
  }
}

async function readHolder(lock: FileHandle): Promise<number | undefined> {
  const { buffer, bytesRead } = await lock.read(Buffer.alloc(32), 0, 32, 0)
  const pid = Number.parseInt(buffer.toString('latin1', 0, bytesRead), 10)
  return Number.isNaN(pid) ? undefined : pid
}

async function ensureIdentity(file: string): Promise<HomeIdentity> {
  const text = await readFile(file, 'utf8').catch((error) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  })
  if (text !== undefined) return parseIdentity(file, text)
  const identity: HomeIdentity = {
    installationID: randomUUID(),
    executorID: randomBytes(EXECUTOR_ID_BYTES).toString('hex'),
  }
  await writeIdentity(file, identity)
  return identity
}

/** A second service joins an installation: its home takes over that one's id. */
export async function joinInstallation(
  { directory, identity }: LockedHome,
  installationID: string,
): Promise<void> {
  await writeIdentity(join(directory, IDENTITY_FILE), { ...identity, installationID })
}

function writeIdentity(file: string, identity: HomeIdentity): Promise<void> {
  return writePrivateFile(file, `${JSON.stringify(identity)}\n`)
}

function parseIdentity(file: string, text: string): HomeIdentity {
  try {
    const { installationID, executorID } = JSON.parse(text) as Partial<HomeIdentity>
    if (typeof installationID === 'string' && typeof executorID === 'string') {
      return { installationID, executorID }
    }
  } catch (error) {
    const reason = (error as Error).message
    throw new ServerError({ code: 'home-file-invalid', file, reason }, error)
  }
  const reason = 'it lacks installationID or executorID'
  throw new ServerError({ code: 'home-file-invalid', file, reason })
}
