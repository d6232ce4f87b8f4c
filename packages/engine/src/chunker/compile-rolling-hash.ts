// Compiles the AssemblyScript source of the rolling hash; used by the build script and by the
// test that the committed binary is what the source gives.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

const SOURCE = new URL('./assembly/rolling-hash.ts', import.meta.url)

/** The bytes of the module. Fails with the compiler's messages. */
export async function compileRollingHash(): Promise<Uint8Array> {
  let binary: Uint8Array | undefined
  const messages: string[] = []
  const { error } = await asc.main(
    [
      'rolling-hash.ts',
      ...['--outFile', 'rolling-hash.wasm'],
      ...['-O3', '--runtime', 'stub', '--noAssert', '--initialMemory', '6'],
    ],
    {
      stderr: { write: (text: string | Uint8Array) => messages.push(text.toString()) },
      readFile: (name: string) =>
        name === 'rolling-hash.ts' ? readFileSync(fileURLToPath(SOURCE), 'utf8') : null,
      writeFile: (name: string, content: string | Uint8Array) => {
        if (name === 'rolling-hash.wasm' && typeof content !== 'string') binary = content
      },
      listFiles: () => [],
    },
  )
  if (error !== null || binary === undefined) throw new Error(messages.join(''), { cause: error })
  return binary
}
