// The one function of sodium-native that the engine uses; the package brings no types.
declare module 'sodium-native' {
  const sodium: {
    /** Poly1305: writes 16 bytes to `mac`; `key` has 32 bytes. */
    crypto_onetimeauth(mac: Uint8Array, message: Uint8Array, key: Uint8Array): void
  }
  export default sodium
}
