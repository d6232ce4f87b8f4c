// `postmaster.pid`, which a running PostgreSQL keeps in its data directory
// (https://www.postgresql.org/docs/18/storage-file-layout.html, src/include/utils/pidfile.h).
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface PostmasterFile {
  readonly pid: number
  readonly socketDirectory: string
  readonly status: string
}

/** Undefined when there is none, or when it is still being written. */
export async function readPostmasterFile(
  dataDirectory: string,
): Promise<PostmasterFile | undefined> {
  const path = join(dataDirectory, 'postmaster.pid')
  const text = await readFile(path, 'utf8').catch(() => undefined)
  const lines = text?.split('\n') ?? []
  const pid = Number(lines[0])
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined
  return { pid, socketDirectory: lines[4] ?? '', status: lines[7]?.trim() ?? '' }
}
