// Byte paths as C wants them: ended by a zero byte.

/** A path for one call into libc; zero bytes inside would cut it short and are refused. */
export function cPath(path: Uint8Array): Uint8Array {
  if (path.includes(0)) throw new RangeError('a path must not hold a zero byte')
  const terminated = new Uint8Array(path.length + 1)
  terminated.set(path)
  return terminated
}

/**
 * A path to an entry of an open directory, for calls that take no directory handle.
 *
 * It goes through the handle, not through the directory's name, so nobody who can rename or
 * replace a directory on the way (with a symbolic link, say) can lead us elsewhere; it also stays
 * short however deep the directory lies.
 */
export function pathInDirectory(directory: number, name: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`/proc/self/fd/${directory}/`, 'latin1'), name])
}
