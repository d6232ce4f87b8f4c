// Secrets that somebody sends into a file are for that somebody alone.
import { fchmodSync, fstatSync } from 'node:fs'

/** A terminal or a pipe stays as it is, and so does a file of another user. */
export function keepPrivate(handle: number): void {
  const found = fstatSync(handle)
  if (found.isFile() && found.uid === process.geteuid?.()) fchmodSync(handle, 0o600)
}
