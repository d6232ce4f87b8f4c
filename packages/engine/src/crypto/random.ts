// Where randomness comes from; everything else takes it as an argument.
import { randomBytes } from 'node:crypto'

/** Answers `length` fresh random bytes. Nonces and keys come from it: it must be a CSPRNG. */
export type RandomBytes = (length: number) => Buffer<ArrayBuffer>

export function secureRandomBytes(length: number): Buffer<ArrayBuffer> {
  return randomBytes(length)
}
