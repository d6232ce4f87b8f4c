// Atomic exchange of two directory entries, and moves that never replace anything.
import { cPath } from './c-path.ts'
import { libc } from './libc.ts'
import { lastSystemError } from './system-error.ts'

/** An entry of an open directory, so that nobody can swap a directory on the way to it. */
export interface EntryOfDirectory {
  /** File descriptor of the open directory. */
  readonly directory: number
  readonly name: Uint8Array
}

/** Both must exist, on one file system and mount; at no instant is either name missing. */
export function exchangeEntries(one: EntryOfDirectory, other: EntryOfDirectory): void {
  rename(one, other, RENAME_EXCHANGE)
}

/** Fails with `EEXIST` when the new name is taken. */
export function moveEntry(from: EntryOfDirectory, to: EntryOfDirectory): void {
  rename(from, to, RENAME_NOREPLACE)
}

const RENAME_NOREPLACE = 1
const RENAME_EXCHANGE = 2

const renameat2 = libc.func('int renameat2(int, void *, int, void *, unsigned int)')

function rename(from: EntryOfDirectory, to: EntryOfDirectory, flags: number): void {
  const code = renameat2(from.directory, cPath(from.name), to.directory, cPath(to.name), flags)
  if (code !== 0) throw lastSystemError('renameat2', from.name)
}
