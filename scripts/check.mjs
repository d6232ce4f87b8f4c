// `npm run check`: types, lint and formatting, unused code, dependency directions; no tests.
// All at the same time; what failed is printed whole, under its rule's name.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const pinnedNode = join(root, 'node_modules/node/bin/node')
const node = existsSync(pinnedNode) ? pinnedNode : process.execPath

const CHECKS = [
  { rule: 'types', args: [bin('typescript', 'bin/tsc'), '-p', root, '--pretty', 'false'] },
  { rule: 'lint and formatting', args: lintArgs() },
  { rule: 'unused code', args: [bin('knip', 'bin/knip.js'), '--no-progress', '--no-config-hints'] },
  { rule: 'dependency directions', args: [join(root, 'scripts/check-dependencies.ts')] },
]

const results = await Promise.all(CHECKS.map(run))
for (const { rule, exitCode, output, seconds } of results) {
  console.log(`${exitCode === 0 ? 'ok    ' : 'FAILED'} ${rule} (${seconds.toFixed(1)} s)`)
  if (exitCode !== 0) console.log(output.trimEnd(), '\n')
}
process.exitCode = results.every(({ exitCode }) => exitCode === 0) ? 0 : 1

function lintArgs() {
  return [bin('@biomejs/biome', 'bin/biome'), 'ci', '--colors=off', '--error-on-warnings', '.']
}

function bin(packageName, file) {
  return join(root, 'node_modules', packageName, file)
}

function run({ rule, args }) {
  const started = performance.now()
  return new Promise((resolve) => {
    const child = spawn(node, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text
      })
    }
    child.on('error', (error) => {
      output += error.message
    })
    child.on('close', (code) => {
      resolve({ rule, exitCode: code ?? 1, output, seconds: (performance.now() - started) / 1000 })
    })
  })
}
