// The `holdfast` program. Commands are loaded when they run: a mover must start fast and small.
import { enableCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'

// Types are stripped and code compiled once per installation: a mover starts in a quarter of the
// time. In our own tree and not in /tmp, where others could put code for us to run.
const compileCache = fileURLToPath(
  new URL('../../../node_modules/.cache/holdfast', import.meta.url),
)
enableCompileCache(compileCache)
// Threads ask their environment alone, and a mover starts several.
process.env.NODE_COMPILE_CACHE ??= compileCache

const [command] = process.argv.slice(2)

if (command === 'mover') {
  const { runMover } = await import('@holdfast/mover')
  // A job that was abandoned may still hold the event loop.
  process.exit(await runMover({ stdin: process.stdin, stdout: process.stdout }))
} else {
  const { runCommandLine } = await import('./command-line.ts')
  await runCommandLine(process.argv)
}
