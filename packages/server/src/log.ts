// The log: one JSON object a line on standard error, without secrets.
import pino, { type DestinationStream, type Logger } from 'pino'
import type { LogLevel } from './config.ts'

export type Log = Logger

/** Members that are never written, wherever a logged object carries them. */
const SECRET_MEMBERS = ['authorization', 'password', 'token', 'secret', 'keys', 'masterKey', 'key']

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
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths, censor: '[secret]' },
      serializers: { err: pino.stdSerializers.errWithCause },
    },
    // Synchronous: what a dying process wrote last is the line that matters most.
    destination ?? pino.destination({ fd: STANDARD_ERROR, sync: true }),
  )
}
