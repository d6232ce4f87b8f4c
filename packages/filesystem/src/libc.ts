// The C library, opened once. The only file that knows how it is found.
import { createRequire } from 'node:module'

type Koffi = typeof import('koffi')

// koffi is CommonJS whose types and run-time shape differ under ESM; require gives the real thing.
export const koffi = createRequire(import.meta.url)('koffi') as Koffi

export const libc = koffi.load('libc.so.6')
