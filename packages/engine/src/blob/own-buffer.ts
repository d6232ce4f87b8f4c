// Only a whole ArrayBuffer can be handed over to another thread.

/** `bytes` itself when nothing else shares its memory, else a copy. */
export function ownBuffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes
  const isAlone = bytes.byteOffset === 0 && bytes.byteLength === buffer.byteLength
  if (isAlone && buffer instanceof ArrayBuffer) {
    return bytes as Uint8Array<ArrayBuffer>
  }
  return Uint8Array.from(bytes)
}
