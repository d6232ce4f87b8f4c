// A tiny mover for tests: what it does depends on the tag of its `list` job.
import { writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

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
    default:
      process.stderr.write(`no such doing: ${line}\n`)
      process.exit(2)
  }
}

function say(event: unknown): void {
  process.stdout.write(`${JSON.stringify(event)}\n`)
}
