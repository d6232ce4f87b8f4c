// The golden repository of the format reference (its appendix A): fixed keys and fixed nonces.
// For tests only: a nonce is used once in earnest.
import type { MasterKey } from '../crypto/sealed-bytes.ts'

/** The `length` bytes from, from + 1, … */
export function sequence(from: number, length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, n) => (from + n) % 256))
}

export const GOLDEN_PASSWORD = 'correct horse battery staple'

export const GOLDEN_KEY: MasterKey = {
  encrypt: sequence(0x40, 32),
  macK: sequence(0x80, 16),
  macR: sequence(0xf0, 16),
}

export const GOLDEN_CONFIG_JSON = `{"version":2,"id":"${'ab'.repeat(32)}","chunker_polynomial":"3da3358b4dc173"}`

export const GOLDEN_FILE = Buffer.from('hello restic\n')
export const GOLDEN_FILE_ID = 'fbbd69198637d5360353c39796181175de6311c2a61abe2fe6392c938018660f'

export const GOLDEN_TREE = Buffer.from(
  `{"nodes":[{"name":"hello.txt","type":"file","mode":420,"mtime":"2024-01-02T03:04:05Z","atime":"2024-01-02T03:04:05Z","ctime":"2024-01-02T03:04:05Z","uid":0,"gid":0,"size":13,"links":1,"content":["${GOLDEN_FILE_ID}"]}]}\n`,
)
export const GOLDEN_TREE_ID = '5f1f229b0b601b6045e2a46d3448cf0360e076d856265bbe3dc547d5c5b8a4cc'

export const GOLDEN_SNAPSHOT_JSON = `{"time":"2024-01-02T03:04:06.5Z","tree":"${GOLDEN_TREE_ID}","paths":["/"],"hostname":"h","username":"u"}`

/** Starting bytes of the 16-byte nonces. */
export const GOLDEN_NONCES = {
  key: 0xa0,
  config: 0xb0,
  dataBlob: 0x10,
  dataHeader: 0x11,
  treeBlob: 0x20,
  treeHeader: 0x21,
  index: 0x30,
  snapshot: 0x38,
} as const

/** A zstd frame with one raw block, as the reference makes them: independent of any encoder. */
export function rawZstdFrame(plain: Uint8Array): Buffer {
  const size = Buffer.alloc(plain.length <= 255 ? 2 : 3)
  if (plain.length <= 255) size.set([0x20, plain.length])
  else {
    size[0] = 0x60
    size.writeUInt16LE(plain.length - 256, 1)
  }
  const block = Buffer.alloc(3)
  block.writeUIntLE((plain.length << 3) | 1, 0, 3)
  return Buffer.concat([Buffer.from('28b52ffd', 'hex'), size, block, plain])
}
