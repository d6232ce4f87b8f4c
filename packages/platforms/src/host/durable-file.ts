// Small files that must be whole or absent after a crash.
import { open, readFile, rename, unlink } from 'node:fs/promises'
import { errnoName } from '@holdfast/filesystem'

export interface FileInDirectory {
  /** A path that can be opened; `/proc/self/fd/<n>` will do. */
  readonly directory: string | Buffer
  readonly name: string
}

/** Temporary file, fsync, rename, fsync of the directory. */
export async function writeDurably(
  { directory, name }: FileInDirectory,
  content: string,
): Promise<void> {
  const temporary = pathOf(directory, `${name}.tmp`)
  const file = await open(temporary, 'w', 0o600)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, pathOf(directory, name))
  await flushDirectory(directory)
}

/** Undefined when there is none. */
export async function readIfExists(file: FileInDirectory): Promise<string | undefined> {
  try {
    return await readFile(pathOf(file.directory, file.name), 'utf8')
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Missing is success. */
export async function removeDurably({ directory, name }: FileInDirectory): Promise<void> {
  try {
    await unlink(pathOf(directory, name))
  } catch (error) {
    if (errnoName(error) !== 'ENOENT') throw error
  }
  await flushDirectory(directory)
}

export async function flushDirectory(directory: string | Buffer): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function pathOf(directory: string | Buffer, name: string): Buffer {
  return Buffer.concat([Buffer.from(directory), Buffer.from(`/${name}`)])
}
