// The `holdfast` program. Commands are loaded when they run: a mover must start fast and small.
const [command] = process.argv.slice(2)

if (command === 'mover') {
  const { runMover } = await import('@holdfast/mover')
  // A job that was abandoned may still hold the event loop.
  process.exit(await runMover({ stdin: process.stdin, stdout: process.stdout }))
} else {
  const { runCommandLine } = await import('./command-line.ts')
  await runCommandLine(process.argv)
}

export {}
