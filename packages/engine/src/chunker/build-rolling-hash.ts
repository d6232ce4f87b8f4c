// Compiles the AssemblyScript source of the rolling hash to the committed .wasm beside it.
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ROLLING_HASH_WASM } from './chunker.ts'
import { compileRollingHash } from './compile-rolling-hash.ts'

writeFileSync(fileURLToPath(ROLLING_HASH_WASM), await compileRollingHash())
