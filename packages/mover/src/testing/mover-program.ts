// The mover as a program of its own, as `holdfast mover` is. With `--tell-peak` its last words on
// stderr are its peak memory.
import { readFileSync } from 'node:fs'
import { runMover } from '../main.ts'

if (process.argv.includes('--tell-peak')) {
  process.on('exit', () => {
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
    process.stderr.write(`peak ${peak} KiB\n`)
  })
}
process.exit(await runMover({ stdin: process.stdin, stdout: process.stdout }))
