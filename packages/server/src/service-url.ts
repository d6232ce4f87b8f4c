// The URL at which programs on this machine reach the service.
import type { ServiceConfig } from './config.ts'

/** `port` is the one in use when the configuration leaves it to the system. */
export function serviceUrl(
  { listen, tls }: Pick<ServiceConfig, 'listen' | 'tls'>,
  port: number = listen.port,
): string {
  const scheme = tls === undefined ? 'http' : 'https'
  return `${scheme}://${urlHost(listen.host)}:${port}`
}

/** Listening everywhere is no address to call. */
function urlHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}
