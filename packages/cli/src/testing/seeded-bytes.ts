// Bytes that do not compress and are the same in every run.
import { createCipheriv, createHash } from 'node:crypto'
import { closeSync, openSync, writeSync } from 'node:fs'

const WRITE_BYTES = 4 * 1024 * 1024

export function seededBytes(seed: string, length: number): Buffer {
  return cipherOf(seed).update(Buffer.alloc(length))
}

export function writeSeededFile(
  path: string,
  { seed, bytes }: { seed: string; bytes: number },
): void {
  const cipher = cipherOf(seed)
  const handle = openSync(path, 'w')
  try {
    for (let written = 0; written < bytes; written += WRITE_BYTES) {
      const part = Buffer.alloc(Math.min(WRITE_BYTES, bytes - written))
      writeSync(handle, cipher.update(part))
    }
  } finally {
    closeSync(handle)
  }
}

function cipherOf(seed: string): ReturnType<typeof createCipheriv> {
  const key = createHash('sha256').update(seed).digest()
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16))
}
