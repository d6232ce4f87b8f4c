// `holdfast serve`
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { runService } from '@holdfast/server'
import { configOf, type Flags } from './service-config.ts'

const LAUNCHER = fileURLToPath(new URL('../bin/holdfast.mjs', import.meta.url))
const MANIFEST = new URL('../package.json', import.meta.url)

export async function serve(flags: Flags): Promise<number> {
  // Whoever read our output may be gone; that is no reason to stop.
  process.stdout.on('error', () => undefined)
  const manifest = JSON.parse(await readFile(MANIFEST, 'utf8')) as { version: string }
  return runService({
    config: configOf(flags),
    version: manifest.version,
    moverCommand: [process.execPath, LAUNCHER, 'mover'],
    moverEnvironment: moverEnvironment(process.env.PATH),
    print: (line) => process.stdout.write(`${line}\n`),
  })
}

/** Nothing else of ours: a database URL may hold a password. */
function moverEnvironment(path: string | undefined): Record<string, string> {
  return {
    // Each thread of a mover would otherwise keep freed memory in an arena of its own: 26 to
    // 60 MiB more at the peak, measured with 50,000 files.
    MALLOC_ARENA_MAX: '2',
    ...(path === undefined ? {} : { PATH: path }),
  }
}
