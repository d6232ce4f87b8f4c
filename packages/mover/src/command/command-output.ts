// Reads what a command writes, to its end.
import { bytesInPipe } from '@holdfast/filesystem'
import type { RunningCommand } from './run-command.ts'

/**
 * Ends with the output. A process that left the command's session may keep the pipe open for as
 * long as it lives; what it writes is no part of the output. So once the session has ended, only
 * what is in the pipe then is read. Asked for nothing, it reads nothing, and the command waits.
 */
export async function* readOutput(
  command: Pick<RunningCommand, 'stdout' | 'ended' | 'countStreamed' | 'outputTail'>,
): AsyncGenerator<Buffer, void, undefined> {
  const { socket, handle } = command.stdout
  let wake: () => void = () => undefined
  let hasEnded = false
  let restBytes = 0
  for (const event of ['readable', 'end', 'close', 'error']) socket.on(event, () => wake())
  const onEnd = () => {
    hasEnded = true
    // However large it is: root may have made it larger than others can.
    restBytes = socket.destroyed ? 0 : socket.readableLength + bytesInPipe(handle)
    wake()
  }
  command.ended.then(onEnd, onEnd)
  for (;;) {
    const piece = socket.read() as Buffer | null
    if (piece !== null) {
      if (hasEnded) restBytes -= piece.length
      command.countStreamed(piece.length)
      command.outputTail.append(piece)
      const isLast = hasEnded && restBytes <= 0
      yield piece
      if (isLast) return
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
