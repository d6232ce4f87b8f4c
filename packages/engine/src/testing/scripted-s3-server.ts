// An HTTP server that answers as a script says: for the faults that a real S3 server does not have.
import { once } from 'node:events'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'

export type ScriptedAnswer = (response: ServerResponse, request: IncomingMessage) => void

export interface ScriptedS3Server extends AsyncDisposable {
  readonly endpoint: string
  readonly requests: readonly { readonly line: string; readonly headers: IncomingHttpHeaders }[]
  /** Answers for the next requests, in their order; one more request answers 418. */
  script(answers: readonly ScriptedAnswer[]): void
}

export async function startScriptedS3Server(): Promise<ScriptedS3Server> {
  const requests: { line: string; headers: IncomingHttpHeaders }[] = []
  let left: ScriptedAnswer[] = []
  const server = createServer((request, response) => {
    requests.push({ line: `${request.method} ${request.url}`, headers: request.headers })
    request.resume()
    // A client that gave up is no fault of ours.
    request.on('error', () => undefined)
    const answer = left.shift() ?? ((end) => end.writeHead(418).end())
    request.on('end', () => answer(response, request))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    endpoint: `http://127.0.0.1:${port}`,
    requests,
    script(answers) {
      requests.length = 0
      left = [...answers]
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** An S3 error document. */
export function s3Error(status: number, code: string, message = 'said the test'): ScriptedAnswer {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message><RequestId>1</RequestId></Error>`
  return (response) => response.writeHead(status, { 'content-type': 'application/xml' }).end(body)
}
