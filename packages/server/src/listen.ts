// Listening, and what is in the way of it in plain words.
import { createServer } from 'node:net'
import type { ListenAddress } from './config.ts'
import { ServerError } from './server-error.ts'

/** The part of an application that listens. */
export interface Listener {
  listen(address: ListenAddress): Promise<unknown>
  readonly server: { address(): { port: number } | string | null }
}

/** Before anything is started for an address that is taken. It can still be lost until `listen`. */
export async function assertAddressIsFree(address: ListenAddress): Promise<void> {
  const server = createServer()
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ ...address, exclusive: true }, resolve)
    })
  } catch (error) {
    throw listenError(address, error)
  }
  await new Promise((resolve) => server.close(resolve))
}

/** Answers the port in use. */
export async function listen(listener: Listener, address: ListenAddress): Promise<number> {
  try {
    await listener.listen(address)
  } catch (error) {
    throw listenError(address, error)
  }
  const bound = listener.server.address()
  return typeof bound === 'object' && bound !== null ? bound.port : address.port
}

function listenError({ host, port }: ListenAddress, error: unknown): ServerError {
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE') return new ServerError({ code: 'port-taken', address }, error)
  return new ServerError({ code: 'address-not-usable', address, reason: message }, error)
}
