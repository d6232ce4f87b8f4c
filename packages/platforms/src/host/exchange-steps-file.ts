// The steps of an exchange on disk, one JSON object a line, so that a volume with a million
// entries at its top needs no memory for them.
import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { ExchangeStep } from './exchange-step.ts'

/** Durable when it resolves, the file's directory entry excepted. */
export async function writeSteps(path: string, steps: Iterable<ExchangeStep>): Promise<void> {
  const file = createWriteStream(path, { mode: 0o600, flush: true })
  const closed = once(file, 'close')
  for (const step of steps) {
    if (!file.write(`${JSON.stringify(step)}\n`)) await once(file, 'drain')
  }
  file.end()
  await closed
}

/** In the order written. */
export async function* readSteps(path: string): AsyncGenerator<ExchangeStep> {
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Infinity })
  for await (const line of lines) yield JSON.parse(line) as ExchangeStep
}
