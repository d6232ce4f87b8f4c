// Hands a letter to an account's mail relay: with STARTTLS when it offers it (TLS from the first
// byte on port 465), and a password over nothing but TLS, this machine aside.
import { lookup } from 'node:dns/promises'
import { connect, isIP, type Socket } from 'node:net'
import type { MailRelay } from '@holdfast/db'
import { type ReachPolicy, RefusedAddressError, refusalOf } from '@holdfast/network'
import type { MailMessage } from './mail-message.ts'
import type { SendOutcome } from './send-outcome.ts'

export interface MailPost {
  readonly relay: MailRelay
  readonly message: MailMessage
  readonly policy: ReachPolicy
  readonly signal: AbortSignal
  readonly timeoutMs: number
}

const PORT_OF_TLS = 465
/** Of one answer of the relay. */
const RESPONSE_BYTES_MAX = 64 * 1024

/** Never fails: what went wrong is in the outcome. */
export async function sendMail(post: MailPost): Promise<SendOutcome> {
  const signal = AbortSignal.any([post.signal, AbortSignal.timeout(post.timeoutMs)])
  let socket: Socket | undefined
  try {
    const address = await addressOf(post.relay.host, post.policy)
    socket = await open(address, post.relay.port, signal)
    await handOver(post, { address, socket })
    return { kind: 'sent' }
  } catch (error) {
    if (signal.aborted) {
      const reason = `The mail relay did not take it within ${post.timeoutMs / 1000} seconds.`
      return { kind: 'failed', reason }
    }
    return outcomeOf(error)
  } finally {
    socket?.destroy()
  }
}

/** The very address that is connected to then, so that the name cannot mean another one meanwhile. */
async function addressOf(host: string, policy: ReachPolicy): Promise<string> {
  const found = isIP(host) === 0 ? await lookup(host, { all: true }) : [{ address: host }]
  for (const { address } of found) {
    const refusal = refusalOf(address, policy)
    if (refusal !== undefined) throw new RefusedAddressError(`${host} (${address})`, refusal)
  }
  const [first] = found
  if (first === undefined) throw new Error(`${host} has no address.`)
  return first.address
}

function open(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const socket = connect({ host, port })
    const abort = () => socket.destroy(new Error('It takes too long.'))
    signal.addEventListener('abort', abort, { once: true })
    socket.once('close', () => signal.removeEventListener('abort', abort))
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.removeListener('error', reject)
      // Whoever uses the socket next may listen later than it breaks.
      socket.on('error', () => undefined)
      resolve(socket)
    })
  })
}

async function handOver(
  { relay, message }: MailPost,
  { address, socket }: { readonly address: string; readonly socket: Socket },
): Promise<void> {
  // Most services never send a letter: they do not pay for the library.
  const { createTransport } = await import('nodemailer')
  const { login, host, port } = relay
  const transport = createTransport({
    connection: socket,
    host: address,
    port,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    secure: port === PORT_OF_TLS,
    requireTLS: login !== undefined && port !== PORT_OF_TLS && !isThisMachine(address),
    ...(login === undefined ? {} : { auth: { user: login.user, pass: login.password } }),
    maxResponseSize: RESPONSE_BYTES_MAX,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  await transport.sendMail({ ...message })
}

function isThisMachine(address: string): boolean {
  return address === '::1' || address.startsWith('127.')
}

const PERMANENT_REPLY = /^5\d\d$/

function outcomeOf(error: unknown): SendOutcome {
  if (!(error instanceof Error)) return { kind: 'failed', reason: String(error) }
  const { responseCode, command } = error as { responseCode?: number; command?: string }
  const reason = `The mail relay did not take it: ${error.message}`
  // The address of the reader is wrong; a wrong password or a full disk may be mended.
  const isReaderRefused = command === 'RCPT TO' && PERMANENT_REPLY.test(String(responseCode))
  return { kind: isReaderRefused ? 'refused' : 'failed', reason }
}
