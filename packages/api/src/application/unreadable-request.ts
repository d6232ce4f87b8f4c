// Answers what Node's own parser refuses. There is no request then, and no router: the problem is
// written to the connection, which is closed, since nobody can tell where the next request begins.
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyBaseLogger } from 'fastify'
import { PROBLEMS } from './problem-catalogue.ts'
import { problemBody } from './problem-response.ts'
import { answerFailure } from './problems.ts'

const LINGER_MS = 1000

/** Answers the listener for `clientError`. */
export function answerUnreadableRequests(log: FastifyBaseLogger, newID: () => string) {
  return (error: NodeJS.ErrnoException, socket: Socket): void => {
    // Whoever has gone, or has been answered already, hears nothing any more.
    if (error.code === 'ECONNRESET' || !socket.writable) return
    socket.end(answerTo(error, log, newID()))
    // Closed at once, what is still being sent would break the connection before the answer is read.
    socket.resume()
    setTimeout(() => socket.destroy(), LINGER_MS).unref()
  }
}

function answerTo(
  error: NodeJS.ErrnoException,
  log: FastifyBaseLogger,
  correlationID: string,
): Buffer {
  const code = error.code ?? ''
  const failure = { code: 'request-malformed', reason: REASONS.get(code) ?? REASON } as const
  const answer = answerFailure(failure, { method: '', internalProblem: 34 })
  log.info({ correlationID, problem: answer.problem, parser: code }, 'request refused')
  const body = problemBody(answer, correlationID, 'request')
  const { status } = PROBLEMS[answer.problem]
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${body.length}`,
    'Connection: close',
  ]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body])
}

const REASON = 'What was sent is no HTTP request.'
const REASONS: ReadonlyMap<string, string> = new Map([
  ['ERR_HTTP_REQUEST_TIMEOUT', 'The request did not arrive whole in time.'],
  ['HPE_HEADER_OVERFLOW', 'The header of the request is too large.'],
  ['HPE_INVALID_METHOD', 'The method of the request is not known to HTTP.'],
])
