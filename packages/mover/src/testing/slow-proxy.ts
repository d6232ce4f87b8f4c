// Stands before a server and takes only so many bytes a second from all clients together.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

export interface SlowProxy extends AsyncDisposable {
  readonly endpoint: string
}

export async function startSlowProxy(target: string, bytesPerSecond: number): Promise<SlowProxy> {
  const { hostname, port: targetPort } = new URL(target)
  const sockets = new Set<Socket>()
  let turn = Promise.resolve()
  const server = createServer((client) => {
    const onwards = connect({ host: hostname, port: Number(targetPort) })
    for (const [socket, other] of [
      [client, onwards],
      [onwards, client],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
    onwards.pipe(client)
    client.on('data', (chunk: Buffer) => {
      client.pause()
      turn = turn.then(async () => {
        await delay((chunk.length / bytesPerSecond) * 1000)
        if (!onwards.destroyed) onwards.write(chunk)
        client.resume()
      })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
