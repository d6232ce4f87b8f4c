// Runs the tests of all packages: `npm test`, `npm test -- --heavy`, `npm test -- <part of a path>`.
//
// One throwaway PostgreSQL serves all files of a run. Files whose name ends in `.heavy.test.ts`
// run only with --heavy, which runs nothing else.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, globSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const pinnedNode = join(root, 'node_modules/node/bin/node')
const node = existsSync(pinnedNode) ? pinnedNode : process.execPath

/**
 * Every test file is a process of its own, and many start others: each would strip the types of the
 * same files again. It is the cache of the installed program, so both warm it.
 */
const COMPILE_CACHE = join(root, 'node_modules/.cache/holdfast')

/** More at once only take turns on small machines, and waits that tests bound grow long. */
const CONCURRENCY = 2

const wanted = process.argv.slice(2)
const isHeavy = wanted.includes('--heavy')
const parts = wanted.filter((argument) => !argument.startsWith('--'))
const nodeOptions = wanted.filter((argument) => argument.startsWith('--') && argument !== '--heavy')

const files = globSync(
  ['packages/*/src/**/*.test.ts', 'bench/**/*.test.ts', 'scripts/**/*.test.ts'],
  {
    cwd: root,
  },
)
  .filter((file) => file.endsWith('.heavy.test.ts') === isHeavy)
  .filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)))
  .sort()

if (files.length === 0) {
  console.error(`No test file matches ${parts.join(', ') || 'here'}.`)
  process.exit(1)
}
process.exit(await runWithDatabase())

async function runWithDatabase() {
  if (process.env.HOLDFAST_TEST_DATABASE_URL)
    return runTests(process.env.HOLDFAST_TEST_DATABASE_URL)
  const server = spawn(node, [join(root, 'scripts/test-postgres.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const stopped = once(server, 'exit')
  const [url] = await Promise.race([
    once(createInterface({ input: server.stdout }), 'line'),
    stopped.then(([code]) => {
      throw new Error(`The PostgreSQL server for the tests ended with exit code ${code}.`)
    }),
  ])
  const exitCode = await runTests(url)
  server.stdin.end()
  await stopped
  return exitCode
}

async function runTests(databaseUrl) {
  const options = ['--test', `--test-concurrency=${CONCURRENCY}`, ...nodeOptions]
  const child = spawn(node, [...options, ...files], {
    cwd: root,
    stdio: 'inherit',
    env: {
      NODE_COMPILE_CACHE: COMPILE_CACHE,
      ...process.env,
      HOLDFAST_TEST_DATABASE_URL: databaseUrl,
    },
  })
  // Ctrl-C reaches the children too; this process waits for them, so that nothing is left behind.
  const passOn = (signal) => child.kill(signal)
  process.on('SIGINT', () => undefined)
  process.on('SIGTERM', passOn)
  const [code] = await once(child, 'exit')
  return code ?? 1
}
