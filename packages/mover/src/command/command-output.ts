// Reads what a command writes, to its end.
import { bytesInPipe } from '@holdfast/filesystem'
import type { RunningCommand } from './run-command.ts'

/** No pipe holds more unless root made it larger. */
const PIPE_BYTES_MAX = 1024 * 1024

/**
 * Ends with the output. A process that left the command's session may keep the pipe open for as
 * long as it lives; what it writes is no part of the output. So once the session has ended, only
 * what is in the pipe is read. Asked for nothing, it reads nothing, and the command waits.
 */
export async function* readOutput(
  command: RunningCommand,
): AsyncGenerator<Buffer, void, undefined> {
  const { socket, handle } = command.stdout
  let wake: () => void = () => undefined
  let hasEnded = false
  let restBytes = PIPE_BYTES_MAX
  for (const event of ['readable', 'end', 'close', 'error']) socket.on(event, () => wake())
  const onEnd = () => {
    hasEnded = true
    wake()
  }
  command.ended.then(onEnd, onEnd)
  for (;;) {
    const piece = socket.read() as Buffer | null
    if (piece !== null) {
      command.countStreamed(piece.length)
      command.outputTail.append(piece)
      yield piece
      if (hasEnded) restBytes -= piece.length
      if (restBytes <= 0) return
      continue
    }
    if (socket.errored !== null) throw socket.errored
    if (socket.readableEnded || socket.destroyed) return
    if (hasEnded && socket.readableLength === 0 && bytesInPipe(handle) === 0) return
    await new Promise<void>((resolve) => {
      wake = resolve
    })
  }
}
