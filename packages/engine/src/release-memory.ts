// Gives large buffers back at once.

/**
 * Frees the memory of `bytes`, which must be of no use to anybody any more: neither to a caller nor
 * to a system call that still runs. A view into a shared buffer is left alone. The garbage
 * collector of each thread would let 64 MiB of such buffers gather first, which four threads
 * cannot have within the memory that a mover may use.
 */
export function releaseMemory(bytes: Uint8Array): void {
  const { buffer } = bytes
  const isWhole = bytes.byteOffset === 0 && bytes.byteLength === buffer.byteLength
  if (!isWhole || !(buffer instanceof ArrayBuffer) || buffer.byteLength < RELEASED_BYTES_MIN) return
  buffer.transfer(0)
}

/** Below it, detaching costs more than it saves. */
const RELEASED_BYTES_MIN = 64 * 1024
