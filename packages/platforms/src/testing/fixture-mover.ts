// A tiny mover for tests: what it does depends on the tag of its `list` job. It runs the command of
// a `stream-backup`.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { type CommandLocation, decodePathBytes } from '@holdfast/domain'

for await (const line of createInterface({ input: process.stdin })) {
  const job = JSON.parse(line)
  switch (job.tags?.[0] ?? job.kind) {
    case 'answer':
      process.stderr.write(`the key is ${job.repository.keys.encrypt}\n`)
      say({ event: 'scanned', entries: 1, bytes: 2 })
      say({ event: 'result', result: { snapshots: [] } })
      break
    case 'die':
      process.exit(3)
      break
    case 'babble':
      process.stdout.write('good morning\n')
      break
    case 'wait':
      say({ event: 'scanned', entries: 0, bytes: 0 })
      break
    case 'write':
      writeFileSync(`${job.targetPath}/written`, 'by the mover')
      say({ event: 'failed', failure: { code: 'target-not-writable', path: job.targetPath } })
      break
    case 'stream-backup':
      runCommand(job.source)
      break
    default:
      process.stderr.write(`no such doing: ${line}\n`)
      process.exit(2)
  }
}

/** Answers what the command wrote, and whether it runs where the job says. */
function runCommand({ words, directory, user, environment }: CommandLocation): void {
  const [program, ...programArguments] = words
  const { status, stdout, stderr } = spawnSync(program, programArguments, {
    cwd: Buffer.from(decodePathBytes(directory) ?? []).toString(),
    env: environment,
    encoding: 'utf8',
    ...user,
  })
  const report = { durationMs: 0, streamedBytes: stdout.length, stderr, isStderrCut: false }
  if (status === 0) say({ event: 'result', result: { command: { ...report, stderr: stdout } } })
  else {
    const end = { kind: 'exited', exitCode: status }
    say({ event: 'failed', failure: { code: 'command-failed', end, report } })
  }
}

function say(event: unknown): void {
  process.stdout.write(`${JSON.stringify(event)}\n`)
}
