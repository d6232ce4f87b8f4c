// `ioctl` with an argument block, and with a plain number.
import { libc } from './libc.ts'
import { lastSystemError } from './system-error.ts'

/** Runs the request on the open handle; `block` is read and written by the kernel. */
export function controlHandle(handle: number, request: IoctlRequest, block: Uint8Array): void {
  if (ioctlBlock(handle, request.number, block) < 0) {
    throw lastSystemError(request.name, NO_PATH)
  }
}

/** As `controlHandle`, off the event loop: for requests that wait for a disk. */
export function controlHandleInBackground(
  handle: number,
  request: IoctlRequest,
  block: Uint8Array,
): Promise<void> {
  return new Promise((resolve, reject) => {
    ioctlBlock.async(handle, request.number, block, (error: unknown, code: number) => {
      if (error !== null) reject(error)
      else if (code < 0) reject(lastSystemError(request.name, NO_PATH))
      else resolve()
    })
  })
}

/** As `controlHandle`, for the few requests whose argument is a number. */
export function controlHandleByNumber(
  handle: number,
  request: IoctlRequest,
  argument: number,
): void {
  if (ioctlNumber(handle, request.number, argument) < 0) {
    throw lastSystemError(request.name, NO_PATH)
  }
}

export interface IoctlRequest {
  /** As the kernel's header calls it; shown in errors. */
  readonly name: string
  readonly number: number
}

const NO_PATH = new Uint8Array(0)

// Declared with three arguments: the calling conventions of x86-64 and arm64 on Linux pass the
// one variadic argument of `ioctl` as they pass a third named one.
const ioctlBlock = libc.func('int ioctl(int, unsigned long, void *)')
const ioctlNumber = libc.func('int ioctl(int, unsigned long, long)')
