// Reads a mover's events, one JSON object a line, from its stdout.
import type { MoverEvent } from '@holdfast/domain'

export class EventLineError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'EventLineError'
  }
}

/** Fails with `EventLineError` on a line that is no event or longer than the limit. */
export async function* readEvents(stream: AsyncIterable<Buffer>): AsyncGenerator<MoverEvent> {
  let parts: Buffer[] = []
  let length = 0
  for await (const chunk of stream) {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      yield parseEvent(Buffer.concat([...parts, chunk.subarray(start, end)]).toString('utf8'))
      parts = []
      length = 0
      start = end + 1
    }
    length += chunk.length - start
    if (length > EVENT_LINE_LENGTH_MAX) throw new EventLineError('a line of events is too long')
    if (start < chunk.length) parts.push(chunk.subarray(start))
  }
  // What is left without a newline was cut off by the mover's end.
}

/** Bytes. A list of some fifty thousand repository snapshots fits. */
const EVENT_LINE_LENGTH_MAX = 16 * 1024 * 1024
const NEWLINE = 0x0a

const EVENT_NAMES: ReadonlySet<unknown> = new Set([
  'scanned',
  'progress',
  'warning',
  'result',
  'failed',
] satisfies MoverEvent['event'][])

function parseEvent(line: string): MoverEvent {
  const value = parseJSON(line)
  const isObject = typeof value === 'object' && value !== null
  if (!isObject || !('event' in value) || !EVENT_NAMES.has(value.event)) {
    throw new EventLineError('a line of events holds no known event')
  }
  return value as MoverEvent
}

function parseJSON(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch (error) {
    throw new EventLineError(`a line of events is no JSON: ${(error as Error).message}`)
  }
}
