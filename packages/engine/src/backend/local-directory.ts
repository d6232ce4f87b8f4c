// A repository in a directory (repository format, sections 1.1 and 1.2).
import {
  chmod,
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  stat,
  unlink,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { RandomBytes } from '../crypto/random.ts'
import { EngineError, failureOf } from '../engine-failure.ts'
import { parseObjectId } from '../format/ids.ts'
import type { Backend, ByteRange, ListedObject, ObjectHandle, ObjectKind } from './backend.ts'
import { errnoOf, localFailure } from './local-failure.ts'
import { writeAll } from './write-all.ts'

export interface LocalDirectoryOptions {
  /** Absolute. It need not exist before `create`. */
  readonly path: string
  /** Makes the names of temporary files. */
  readonly randomBytes: RandomBytes
}

/** As stock restic has it: more requests at once do not make a disk faster. */
const CONNECTIONS = 2
const DIRECTORIES = ['data', 'index', 'keys', 'locks', 'snapshots'] as const
/** `<name>-tmp-<random>`: what a save that died leaves behind. */
const TEMPORARY_NAME = /^(?:[0-9a-f]{64}|config)-tmp-[0-9a-f]+$/

interface Modes {
  readonly directory: number
  readonly file: number
}

export function localDirectoryBackend({ path, randomBytes }: LocalDirectoryOptions): Backend {
  const location: LocalDirectory = { path, randomBytes }
  return {
    url: path,
    connections: CONNECTIONS,
    create: (signal) => createDirectories(location, signal),
    save: (handle, content, signal) => saveFile(location, handle, content, signal),
    load: (handle, range, signal) => loadFile(location, handle, range, signal),
    stat: (handle, signal) => statFile(location, handle, signal),
    list: (kind, signal) => listFiles(location, kind, signal),
    remove: (handle, signal) => removeFile(location, handle, signal),
    listLeftovers: (signal) => listTemporaryFiles(location, signal),
    removeLeftovers: (signal) => removeTemporaryFiles(location, signal),
  }
}

interface LocalDirectory {
  readonly path: string
  readonly randomBytes: RandomBytes
}

async function createDirectories(
  { path }: LocalDirectory,
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted()
  try {
    const { directory: mode } = await modesOf(path)
    await mkdir(path, { recursive: true, mode })
    for (const name of DIRECTORIES) await mkdir(join(path, name), { recursive: true, mode })
    for (const shard of shardNames()) {
      await mkdir(join(path, 'data', shard), { recursive: true, mode })
    }
    for (const written of [join(path, 'data'), path, dirname(path)]) await syncDirectory(written)
  } catch (error) {
    throw await localFailure(error, path)
  }
}

/**
 * Temporary file in the same directory, write, length check, fsync, rename, fsync of the directory:
 * at no instant does a reader, or a machine that lost power, see a part of the object.
 */
async function saveFile(
  { path, randomBytes }: LocalDirectory,
  handle: ObjectHandle,
  content: readonly Uint8Array[],
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted()
  const target = pathOf(path, handle)
  const temporary = `${target}-tmp-${Buffer.from(randomBytes(8)).toString('hex')}`
  try {
    const modes = await modesOf(path)
    const file = await openNew(path, temporary, modes)
    try {
      await writeDurably(file, content, signal)
      await rename(temporary, target)
    } catch (error) {
      // A full disk must get its space back, and nobody else would ever remove this file.
      await unlink(temporary).catch(ignoreMissing)
      throw error
    }
    await syncDirectory(dirname(target))
    await chmod(target, modes.file & 0o444).catch(ignoreUnsupported)
  } catch (error) {
    if (signal?.aborted === true && error === signal.reason) throw error
    throw await localFailure(error, path, content)
  }
}

async function openNew(root: string, temporary: string, modes: Modes): Promise<FileHandle> {
  try {
    return await open(temporary, 'wx', modes.file)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
    await makeMissingDirectory(root, dirname(temporary), modes)
    return await open(temporary, 'wx', modes.file)
  }
}

/** Never makes the root: a bucket that is gone (not mounted) must not be replaced silently. */
async function makeMissingDirectory(root: string, directory: string, modes: Modes): Promise<void> {
  if (directory === root) return
  const parent = dirname(directory)
  await makeMissingDirectory(root, parent, modes)
  await mkdir(directory, { mode: modes.directory }).catch(ignoreExisting)
  await syncDirectory(parent)
}

async function writeDurably(
  file: FileHandle,
  content: readonly Uint8Array[],
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    const written = await writeAll(file, content, signal)
    const { size } = await file.stat()
    if (size !== written) throw new Error(`${size} bytes are stored after writing ${written}`)
    await file.sync()
  } finally {
    await file.close()
  }
  signal?.throwIfAborted()
}

async function loadFile(
  { path }: LocalDirectory,
  handle: ObjectHandle,
  range: ByteRange | undefined,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  signal?.throwIfAborted()
  let file: FileHandle
  try {
    file = await open(pathOf(path, handle), 'r')
  } catch (error) {
    throw await missingOr(path, handle, error)
  }
  try {
    const length = range?.length ?? (await file.stat()).size
    const bytes = Buffer.allocUnsafeSlow(length)
    const foundBytes = await readAll(file, bytes, range?.offset ?? 0, signal)
    if (foundBytes < length) failTruncated(handle, length, foundBytes)
    return bytes
  } catch (error) {
    if (signal?.aborted === true && error === signal.reason) throw error
    throw await localFailure(error, path)
  } finally {
    await file.close()
  }
}

async function readAll(
  file: FileHandle,
  bytes: Buffer,
  position: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  let filled = 0
  while (filled < bytes.length) {
    signal?.throwIfAborted()
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, position + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return filled
}

function failTruncated(handle: ObjectHandle, expectedBytes: number, foundBytes: number): never {
  const { kind, name } = handle
  throw new EngineError({ code: 'object-truncated', kind, name, expectedBytes, foundBytes })
}

async function statFile(
  { path }: LocalDirectory,
  handle: ObjectHandle,
  signal: AbortSignal | undefined,
): Promise<ListedObject> {
  signal?.throwIfAborted()
  try {
    const { size } = await stat(pathOf(path, handle))
    return { name: handle.name, sizeBytes: size }
  } catch (error) {
    throw await missingOr(path, handle, error)
  }
}

async function* listFiles(
  { path }: LocalDirectory,
  kind: ObjectKind,
  signal: AbortSignal | undefined,
): AsyncIterable<ListedObject> {
  signal?.throwIfAborted()
  if (kind === 'config') {
    const size = await sizeOfFile(path, join(path, 'config'))
    if (size !== undefined) yield { name: '', sizeBytes: size }
    return
  }
  const directory = join(path, kind)
  const directories =
    kind === 'data' ? (await namesIn(path, directory)).filter(isShard).map(inData) : [directory]
  for (const each of directories) {
    for (const name of await namesIn(path, each)) {
      signal?.throwIfAborted()
      if (parseObjectId(name) === undefined) continue
      const size = await sizeOfFile(path, join(each, name))
      if (size !== undefined) yield { name, sizeBytes: size }
    }
  }
  function inData(shard: string): string {
    return join(directory, shard)
  }
}

async function removeFile(
  { path }: LocalDirectory,
  handle: ObjectHandle,
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted()
  const target = pathOf(path, handle)
  try {
    await unlink(target)
  } catch (error) {
    throw await missingOr(path, handle, error)
  }
  try {
    await syncDirectory(dirname(target))
  } catch (error) {
    throw await localFailure(error, path)
  }
}

/** Paths below the repository. */
async function listTemporaryFiles(
  { path }: LocalDirectory,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const shards = (await namesIn(path, join(path, 'data'))).filter(isShard)
  // Not `locks`: those are written without the exclusive lock.
  const directories = [
    '',
    'index',
    'snapshots',
    'keys',
    ...shards.map((shard) => join('data', shard)),
  ]
  const found: string[] = []
  for (const directory of directories) {
    signal?.throwIfAborted()
    const names = await namesIn(path, join(path, directory))
    for (const name of names) if (TEMPORARY_NAME.test(name)) found.push(join(directory, name))
  }
  return found
}

async function removeTemporaryFiles(
  location: LocalDirectory,
  signal: AbortSignal | undefined,
): Promise<number> {
  const leftovers = await listTemporaryFiles(location, signal)
  for (const name of leftovers) {
    signal?.throwIfAborted()
    await unlink(join(location.path, name)).catch(ignoreMissing)
  }
  return leftovers.length
}

/** Names in a directory; a missing one is empty unless the whole repository is gone. */
async function namesIn(root: string, directory: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw await localFailure(error, root)
    await stat(root).catch(async (missing: unknown) => {
      throw await localFailure(missing, root)
    })
    return []
  }
}

async function sizeOfFile(root: string, path: string): Promise<number | undefined> {
  try {
    const found = await lstat(path)
    return found.isFile() ? found.size : undefined
  } catch (error) {
    // Removed since the directory was read.
    if (errnoOf(error) === 'ENOENT') return undefined
    throw await localFailure(error, root)
  }
}

async function missingOr(root: string, handle: ObjectHandle, error: unknown): Promise<Error> {
  const failure = await localFailure(error, root)
  if (errnoOf(error) !== 'ENOENT' || failureOf(failure, 'repository-not-found')) return failure
  const { kind, name } = handle
  return new EngineError({ code: 'object-not-found', kind, name }, { cause: error })
}

function pathOf(root: string, { kind, name }: ObjectHandle): string {
  if (kind === 'config') return join(root, 'config')
  if (parseObjectId(name) === undefined) throw new TypeError(`not an object name: ${name}`)
  return kind === 'data' ? join(root, 'data', name.slice(0, 2), name) : join(root, kind, name)
}

/** Files are for the owner alone, or for the group too when `config` is. */
async function modesOf(root: string): Promise<Modes> {
  const isForGroup = await stat(join(root, 'config')).then(
    ({ mode }) => (mode & 0o040) !== 0,
    () => false,
  )
  return isForGroup ? { directory: 0o770, file: 0o660 } : { directory: 0o700, file: 0o600 }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

function isShard(name: string): boolean {
  return /^[0-9a-f]{2}$/.test(name)
}

function shardNames(): string[] {
  return Array.from({ length: 256 }, (_, at) => at.toString(16).padStart(2, '0'))
}

function ignoreMissing(error: unknown): void {
  if (errnoOf(error) !== 'ENOENT') throw error
}

function ignoreExisting(error: unknown): void {
  if (errnoOf(error) !== 'EEXIST') throw error
}

/** Some network file systems know no modes. */
function ignoreUnsupported(error: unknown): void {
  const errno = errnoOf(error)
  if (errno !== 'EPERM' && errno !== 'ENOTSUP' && errno !== 'EOPNOTSUPP') throw error
}
