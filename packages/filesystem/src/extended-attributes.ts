// Extended attributes by byte path and byte name; symbolic links are never followed.
import { cPath } from './c-path.ts'
import { libc } from './libc.ts'
import { errnoName, lastSystemError } from './system-error.ts'

export interface ExtendedAttribute {
  readonly name: Buffer
  readonly value: Buffer
}

/** All attributes in the kernel's order; none where the file system knows none. */
export function readExtendedAttributes(path: Uint8Array): ExtendedAttribute[] {
  const attributes: ExtendedAttribute[] = []
  for (const name of listExtendedAttributes(path)) {
    const value = getExtendedAttribute(path, name)
    // Removed since it was listed.
    if (value !== undefined) attributes.push({ name, value })
  }
  return attributes
}

export function listExtendedAttributes(path: Uint8Array): Buffer[] {
  const target = cPath(path)
  const length = Number(llistxattr(target, scratch, scratch.length))
  if (length < 0) {
    const error = lastSystemError('llistxattr', path)
    if (error.code === 'ENOTSUP' || error.code === 'ENOSYS') return []
    throw error
  }
  return length === 0 ? [] : splitNames(scratch.subarray(0, length))
}

/** Undefined when the entry has no such attribute. */
export function getExtendedAttribute(path: Uint8Array, name: Uint8Array): Buffer | undefined {
  const length = Number(lgetxattr(cPath(path), cPath(name), scratch, scratch.length))
  if (length < 0) {
    const error = lastSystemError('lgetxattr', path)
    if (error.code === 'ENODATA') return undefined
    throw error
  }
  return Buffer.from(scratch.subarray(0, length))
}

export function setExtendedAttribute(
  path: Uint8Array,
  { name, value }: { readonly name: Uint8Array; readonly value: Uint8Array },
): void {
  if (lsetxattr(cPath(path), cPath(name), value, value.length, 0) !== 0) {
    throw lastSystemError('lsetxattr', path)
  }
}

/** An attribute that is not there is success. */
export function removeExtendedAttribute(path: Uint8Array, name: Uint8Array): void {
  if (lremovexattr(cPath(path), cPath(name)) === 0) return
  const error = lastSystemError('lremovexattr', path)
  if (errnoName(error) !== 'ENODATA') throw error
}

// Both a list of names and a value are at most 64 KiB (XATTR_LIST_MAX, XATTR_SIZE_MAX), so one
// scratch area serves every call and none has to ask for the size first.
const scratch = Buffer.alloc(64 * 1024)

const llistxattr = libc.func('int64_t llistxattr(void *, void *, uint64_t)')
const lgetxattr = libc.func('int64_t lgetxattr(void *, void *, void *, uint64_t)')
const lsetxattr = libc.func('int lsetxattr(void *, void *, void *, uint64_t, int)')
const lremovexattr = libc.func('int lremovexattr(void *, void *)')

function splitNames(list: Buffer): Buffer[] {
  const names: Buffer[] = []
  let start = 0
  while (start < list.length) {
    const end = list.indexOf(0, start)
    names.push(Buffer.from(list.subarray(start, end)))
    start = end + 1
  }
  return names
}
