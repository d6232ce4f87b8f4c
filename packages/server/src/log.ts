// The log: one JSON object a line on standard error, without secrets.

import type { WorkflowsLog } from '@holdfast/workflows'
import pino, { type DestinationStream, type Logger } from 'pino'
import type { LogLevel } from './config.ts'

export type Log = Logger

/** Members that are never written, wherever a logged object carries them. */
const SECRET_MEMBERS = [
  'authorization',
  'cookie',
  'password',
  'passwordHash',
  'token',
  'sessionToken',
  'secret',
  'secretAccessKey',
  'keys',
  'keyStore',
  'masterKey',
  'key',
]

const STANDARD_ERROR = 2

export function createLog(level: LogLevel, destination?: DestinationStream): Log {
  const paths = SECRET_MEMBERS.flatMap((name) => [
    name,
    `*.${name}`,
    `*.*.${name}`,
    `*.*.*.${name}`,
  ])
  return pino(
    {
      level,
      base: null,
      formatters: { level: (label) => ({ level: label }) },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths, censor: '[secret]' },
      serializers: { err: pino.stdSerializers.errWithCause },
    },
    // Synchronous: what a dying process wrote last is the line that matters most.
    destination ?? standardError(),
  )
}

function standardError(): DestinationStream {
  const destination = pino.destination({ fd: STANDARD_ERROR, sync: true })
  // The terminal or the program that read the log may be gone; the service goes on.
  destination.on('error', () => undefined)
  return destination
}

/** Workflows say the message first. */
export function workflowsLog(log: Log): WorkflowsLog {
  const child = log.child({ part: 'workflows' })
  return {
    debug: (message, fields = {}) => child.debug(fields, message),
    info: (message, fields = {}) => child.info(fields, message),
    warn: (message, fields = {}) => child.warn(fields, message),
    error: (message, fields = {}) => child.error(fields, message),
  }
}
