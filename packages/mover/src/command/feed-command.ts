// Writes a stream to a command's standard input.
import type { Socket } from 'node:net'
import type { RunningCommand } from './run-command.ts'

/** What a pipe takes at once: of so much it is not known whether it was read. */
const WRITE_BYTES = 64 * 1024

/**
 * Resolves when the command has been given everything and sees the end of its input, or when it
 * reads no more, which is its own affair. Rejects when the pieces cannot be read and when
 * `command.signal` aborts: then its input is still open, and the command must be ended first.
 */
export async function feedCommand(
  command: RunningCommand,
  pieces: AsyncIterable<Buffer>,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const { stdin, signal } = command
  if (stdin === undefined) throw new Error('the command takes no input')
  // How it broke does not matter: how the command ends does.
  stdin.on('error', () => undefined)
  const { promise: stopped, reject } = Promise.withResolvers<never>()
  const onAbort = () => reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    signal.throwIfAborted()
    // One race for all of it: each race with a promise that settles late would be remembered.
    await Promise.race([writeAll(command, stdin, pieces, onBytes), command.ended, stopped])
    signal.throwIfAborted()
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

async function writeAll(
  command: RunningCommand,
  stdin: Socket,
  pieces: AsyncIterable<Buffer>,
  onBytes: (bytes: number) => void,
): Promise<void> {
  let givenBytes = 0
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; at += WRITE_BYTES) {
      const part = piece.subarray(at, at + WRITE_BYTES)
      if (!(await isTaken(stdin, part))) return
      command.countStreamed(part.length)
      givenBytes += part.length
      onBytes(givenBytes)
    }
  }
  command.letInputEnd()
  await new Promise<void>((resolve) => {
    stdin.once('close', () => resolve())
    stdin.end()
  })
}

function isTaken(stdin: Socket, part: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    stdin.write(part, (error) => resolve(error === null || error === undefined))
  })
}
