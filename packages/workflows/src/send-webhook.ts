// Posts a message to an address that a user named: only where the service may connect to, in
// bounded time, following no redirect, and looking at nothing of the answer but its status.
import { type ClientRequest, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { guardedAgents, type ReachPolicy } from '@holdfast/network'
import type { SendOutcome } from './send-outcome.ts'
import type { WebhookMessage } from './webhook-message.ts'

export interface WebhookPost {
  readonly url: string
  readonly message: WebhookMessage
  readonly policy: ReachPolicy
  readonly signal: AbortSignal
  readonly timeoutMs: number
}

const HTTP_GONE = 410
/** Of the answer's headers: nothing of it is needed. */
const HEADER_BYTES_MAX = 16 * 1024

/** Never fails: what went wrong is in the outcome. */
export async function sendWebhook(post: WebhookPost): Promise<SendOutcome> {
  const { http, https } = guardedAgents(post.policy, { keepAlive: false })
  try {
    return outcomeOf(await statusOf(post, { http, https }))
  } catch (error) {
    return { kind: 'failed', reason: reasonOf(error, post) }
  } finally {
    http.destroy()
    https.destroy()
  }
}

function statusOf(
  { url, message, signal, timeoutMs }: WebhookPost,
  agents: ReturnType<typeof guardedAgents>,
): Promise<number> {
  const isSecure = new URL(url).protocol === 'https:'
  const options = {
    method: 'POST',
    headers: message.headers,
    maxHeaderSize: HEADER_BYTES_MAX,
    // The whole of it: a server that sends a byte now and then must not hold a worker.
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
  }
  return new Promise((resolve, reject) => {
    const request: ClientRequest = isSecure
      ? requestHttps(url, { ...options, agent: agents.https })
      : requestHttp(url, { ...options, agent: agents.http })
    request.on('error', reject)
    request.on('response', (response) => {
      resolve(response.statusCode ?? 0)
      response.destroy()
    })
    request.end(message.body)
  })
}

function outcomeOf(status: number): SendOutcome {
  if (status >= 200 && status < 300) return { kind: 'sent' }
  if (status >= 300 && status < 400) {
    const reason = `It answered ${status}; redirects are not followed. Change the webhook's address.`
    return { kind: 'failed', reason }
  }
  if (status === HTTP_GONE) {
    return { kind: 'refused', reason: 'It answered 410: the address does not exist any more.' }
  }
  return { kind: 'failed', reason: `It answered ${status}.` }
}

function reasonOf(error: unknown, { timeoutMs }: WebhookPost): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'AbortError' || error.name === 'TimeoutError') {
    return `It did not answer within ${timeoutMs / 1000} seconds.`
  }
  return `It cannot be reached: ${error.message}`
}
