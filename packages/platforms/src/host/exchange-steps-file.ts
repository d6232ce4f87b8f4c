// The steps of an exchange on disk, one JSON object a line, so that a volume with a million
// entries at its top needs no memory for them.
import { open } from 'node:fs/promises'
import type { ExchangeStep } from './exchange-step.ts'

/** Durable when it resolves, the file's directory entry excepted. */
export async function writeSteps(path: string, steps: Iterable<ExchangeStep>): Promise<void> {
  await using file = await open(path, 'w', 0o600)
  let pending: string[] = []
  for (const step of steps) {
    pending.push(`${JSON.stringify(step)}\n`)
    if (pending.length < LINES_PER_WRITE) continue
    await file.appendFile(pending.join(''))
    pending = []
  }
  await file.appendFile(pending.join(''))
  await file.sync()
}

/** In the order written. */
export async function* readSteps(path: string): AsyncGenerator<ExchangeStep> {
  await using file = await open(path, 'r')
  const input = file.createReadStream({ autoClose: false })
  try {
    let rest = ''
    for await (const chunk of input.setEncoding('utf8')) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) yield JSON.parse(line) as ExchangeStep
    }
  } finally {
    input.destroy()
  }
}

const LINES_PER_WRITE = 1000
