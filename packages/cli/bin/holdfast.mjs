#!/usr/bin/env node
// Starts Holdfast with the Node that `npm install` brought. Plain JavaScript without newer syntax,
// so that any Node from 18 on can run it.
//
// When this process already is that Node, the program runs in it: a mover, of which many are
// started, is one process and not two. Otherwise the other Node runs as a child, signals are passed
// on, and this process ends as the child did.
import { spawn } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const pinned = findPinnedNode()

if (pinned === undefined) {
  console.error('Holdfast is not fully installed: the npm package "node" is missing.')
  console.error('Run `npm install` in its directory, without `--ignore-scripts`.')
  process.exitCode = 1
} else if (realpathSync(process.execPath) === pinned) {
  await import(program)
} else {
  runWith(pinned)
}

function findPinnedNode() {
  try {
    const manifest = createRequire(import.meta.url).resolve('node/package.json')
    const file = join(dirname(manifest), 'bin', 'node')
    return existsSync(file) ? realpathSync(file) : undefined
  } catch {
    return undefined
  }
}

function runWith(node) {
  const child = spawn(node, [program, ...process.argv.slice(2)], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2', 'SIGQUIT']) {
    process.on(signal, () => child.kill(signal))
  }
  child.on('error', (error) => {
    console.error(`Holdfast cannot start ${node}: ${error.message}`)
    process.exitCode = 1
  })
  child.on('exit', (code, signal) => {
    // As a shell says it, since a signal handler here keeps this process from dying of the signal.
    process.exit(signal === null ? code : 128 + constants.signals[signal])
  })
}
