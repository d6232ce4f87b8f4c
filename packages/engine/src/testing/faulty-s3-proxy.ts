// Stands before a real S3 server and breaks some of the requests, always the same ones by number.
import { once } from 'node:events'
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { s3Error } from './scripted-s3-server.ts'

/**
 * `busy`: 503 SlowDown, and the server never hears of it. `lost-answer`: the server does its work
 * and the connection is cut instead of its answer. `cut-answer`: cut within the answer's body.
 */
export const PROXY_FAULTS = ['busy', 'lost-answer', 'cut-answer'] as const
export type ProxyFault = (typeof PROXY_FAULTS)[number]

export interface FaultyS3Proxy extends AsyncDisposable {
  readonly endpoint: string
  /** How often each fault fired. */
  readonly fired: Readonly<Record<ProxyFault, number>>
}

export async function startFaultyS3Proxy(
  target: string,
  faultOf: (requestNumber: number) => ProxyFault | undefined,
): Promise<FaultyS3Proxy> {
  const fired = { busy: 0, 'lost-answer': 0, 'cut-answer': 0 }
  let requests = 0
  const server = createServer((request, response) => {
    requests += 1
    const fault = faultOf(requests)
    request.on('error', () => undefined)
    response.on('error', () => undefined)
    if (fault === 'busy') {
      fired.busy += 1
      request.resume()
      request.on('end', () => s3Error(503, 'SlowDown')(response, request))
      return
    }
    forward(target, request, (answer) => {
      if (fault === undefined) return passOn(answer, response)
      if (fault === 'lost-answer') {
        fired['lost-answer'] += 1
        answer.resume()
        answer.on('end', () => response.destroy())
        return
      }
      cutShort(answer, response, () => {
        fired['cut-answer'] += 1
      })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    endpoint: `http://127.0.0.1:${port}`,
    fired,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** As it came, the `Host` that is signed included. */
function forward(
  target: string,
  request: IncomingMessage,
  onAnswer: (answer: IncomingMessage) => void,
): void {
  const { method, url, headers } = request
  const onwards = httpRequest(new URL(url ?? '/', target), { method, headers, agent: false })
  onwards.once('response', onAnswer)
  onwards.on('error', () => request.destroy())
  request.pipe(onwards)
}

function passOn(answer: IncomingMessage, response: ServerResponse): void {
  response.writeHead(answer.statusCode ?? 500, answer.headers)
  answer.pipe(response)
}

/** An answer without a body has nothing to be cut and passes. */
function cutShort(answer: IncomingMessage, response: ServerResponse, onCut: () => void): void {
  response.writeHead(answer.statusCode ?? 500, answer.headers)
  answer.once('data', (chunk: Buffer) => {
    onCut()
    answer.destroy()
    response.write(chunk.subarray(0, chunk.length >> 1), () => response.destroy())
  })
  answer.once('end', () => response.end())
}
