// Shares a file's data blocks with another file, and finds out whether a file system can.
import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { controlHandleByNumber } from './ioctl.ts'
import { errnoName } from './system-error.ts'

/** Makes the open, writable `target` hold what `source` holds, without copying. */
export function cloneFile(source: number, target: number): void {
  controlHandleByNumber(target, FICLONE, source)
}

/**
 * Tries for real, with two small files that never have a name, in the given open directory.
 * False also where the directory cannot be written or knows no files without a name.
 */
export function canReflinkIn(directory: number): boolean {
  const handles: number[] = []
  try {
    const [source, target] = [openNameless(directory), openNameless(directory)]
    handles.push(source, target)
    writeSync(source, PROBE_BYTES)
    cloneFile(source, target)
    return true
  } catch (error) {
    if (errnoName(error) === undefined) throw error
    return false
  } finally {
    for (const handle of handles) closeSync(handle)
  }
}

const FICLONE = { name: 'FICLONE', number: 0x40049409 }

// More than a block, so that the clone shares one and is not an inlined tail.
const PROBE_BYTES = Buffer.alloc(8192, 0x68)

// Node does not name O_TMPFILE; the kernel's is this bit together with O_DIRECTORY.
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY

function openNameless(directory: number): number {
  return openSync(`/proc/self/fd/${directory}/.`, O_TMPFILE | constants.O_RDWR, 0o600)
}
