// Answers what Node's own parser refuses. There is no request then, and no router: the answer is
// written to the connection, which is closed, since nobody can tell where the next request begins.
// Of the path no more is known than what the refused bytes happen to begin with.
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyBaseLogger } from 'fastify'
import { PROBLEMS } from './application/problem-catalogue.ts'
import { problemBody } from './application/problem-response.ts'
import { answerFailure } from './application/problems.ts'
import { containerErrorOf, isContainerPath } from './container/container-dialect.ts'

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

interface ParserError extends NodeJS.ErrnoException {
  readonly rawPacket?: Buffer
}

function answerTo(error: ParserError, log: FastifyBaseLogger, correlationID: string): Buffer {
  const code = error.code ?? ''
  const failure = { code: 'request-malformed', reason: REASONS.get(code) ?? REASON } as const
  const isContainer = isContainerPath(pathOf(error))
  const { status, type, body, problem } = isContainer
    ? containerAnswer(failure)
    : applicationAnswer(failure, correlationID)
  log.info({ correlationID, problem, parser: code }, 'request refused')
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `Content-Type: ${type}`,
    `Content-Length: ${body.length}`,
    'Connection: close',
  ]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body])
}

/** Long enough for a method and the beginning of a path. */
const LOOKED_AT_BYTES = 64

function pathOf({ rawPacket }: ParserError): string {
  const start = rawPacket?.toString('latin1', 0, LOOKED_AT_BYTES) ?? ''
  return /^[A-Z]+ (\/\S*)/.exec(start)?.[1] ?? ''
}

interface Malformed {
  readonly code: 'request-malformed'
  readonly reason: string
}

function applicationAnswer(failure: Malformed, correlationID: string) {
  const answer = answerFailure(failure, { method: '', internalProblem: 34 })
  return {
    status: PROBLEMS[answer.problem].status,
    type: 'application/problem+json',
    body: problemBody(answer, correlationID, 'request'),
    problem: answer.problem,
  }
}

function containerAnswer(failure: Malformed) {
  const { status, code, body } = containerErrorOf(failure)
  return { status, type: 'application/json', body, problem: code }
}

const REASON = 'What was sent is no HTTP request.'
const REASONS: ReadonlyMap<string, string> = new Map([
  ['ERR_HTTP_REQUEST_TIMEOUT', 'The request did not arrive whole in time.'],
  ['HPE_HEADER_OVERFLOW', 'The header of the request is too large.'],
  ['HPE_INVALID_METHOD', 'The method of the request is not known to HTTP.'],
])
