// Reads the configuration. Everything that is wrong with it is named at once.
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join, resolve } from 'node:path'
import { type NamedHostCluster, readHostClusters } from './host-clusters-setting.ts'
import { ServerError } from './server-error.ts'
import type { GivenSettings } from './settings.ts'

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export interface ListenAddress {
  /** Without the brackets of an IPv6 address. */
  readonly host: string
  /** 0 lets the system choose. */
  readonly port: number
}

export interface Tls {
  readonly cert: string
  readonly key: string
}

export interface ServiceConfig {
  readonly home: string
  readonly listen: ListenAddress
  /** Without a slash at its end. */
  readonly publicUrl: string | undefined
  readonly trustedProxies: readonly string[]
  /** Undefined: the embedded server. */
  readonly databaseUrl: string | undefined
  readonly hostRoot: string
  /** Beside the built-in one. */
  readonly hostClusters: readonly NamedHostCluster[]
  readonly tls: Tls | undefined
  readonly masterKeyFile: string
  readonly logLevel: LogLevel
  /** What a monitoring system reads `/metrics` with. */
  readonly metricsToken: string | undefined
  /** Whether buckets and webhooks may be in loopback and private networks. */
  readonly mayReachPrivateNetworks: boolean
  /** Whether hooks of owners may run as the superuser, where that owns an app's directory. */
  readonly allowsCommandsAsRoot: boolean
  /** How the container dialect answers callers who are not known. */
  readonly containerAuthErrors: 'oauth' | 'envelope'
}

export interface ReadConfigOptions {
  readonly given: GivenSettings
  readonly userHome: string
  /** What relative paths start from. */
  readonly workingDirectory: string
}

const LISTEN_DEFAULT = '127.0.0.1:7400'

/** Fails with `invalid-configuration`, which names every problem. */
export function readConfig(options: ReadConfigOptions): ServiceConfig {
  const given = withoutEmpty(options.given)
  const problems: string[] = []
  const path = (text: string): string => resolve(options.workingDirectory, text)
  const home = path(given.HOLDFAST_HOME ?? join(options.userHome, '.holdfast'))
  const config: ServiceConfig = {
    home,
    listen: readListen(given.HOLDFAST_LISTEN ?? LISTEN_DEFAULT, problems),
    publicUrl: readPublicUrl(given.HOLDFAST_PUBLIC_URL, problems),
    trustedProxies: readTrustedProxies(given.HOLDFAST_TRUSTED_PROXIES, problems),
    databaseUrl: readDatabaseUrl(given.HOLDFAST_DATABASE_URL, problems),
    hostRoot: path(given.HOLDFAST_HOST_ROOT ?? join(home, 'apps')),
    hostClusters: readHostClusters(given.HOLDFAST_HOST_CLUSTERS, { path, problems }),
    tls: readTls(given, { path, problems }),
    masterKeyFile: path(given.HOLDFAST_MASTER_KEY_FILE ?? join(home, 'master.key')),
    logLevel: readLogLevel(given.HOLDFAST_LOG_LEVEL ?? 'info', problems),
    metricsToken: readMetricsToken(given.HOLDFAST_METRICS_TOKEN, problems),
    mayReachPrivateNetworks: readPrivateTargets(given.HOLDFAST_PRIVATE_TARGETS, problems),
    allowsCommandsAsRoot: readCommandsAsRoot(given.HOLDFAST_COMMANDS_AS_ROOT, problems),
    containerAuthErrors: readAuthErrors(given.HOLDFAST_CONTAINER_AUTH_ERRORS, problems),
  }
  if (problems.length > 0) throw new ServerError({ code: 'invalid-configuration', problems })
  return config
}

function withoutEmpty(given: GivenSettings): GivenSettings {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value?.trim()))
}

function readListen(text: string, problems: string[]): ListenAddress {
  const match = /^(?:\[(?<six>[0-9a-fA-F:.]+)\]|(?<name>[^\s:[\]]*)):(?<port>\d{1,5})$/.exec(text)
  const { six, name, port } = match?.groups ?? {}
  if (match === null || Number(port) > 65_535) {
    problems.push(
      `HOLDFAST_LISTEN is "${text}", but must be host:port, such as ${LISTEN_DEFAULT} or [::1]:7400.`,
    )
  }
  return { host: six ?? (name || '0.0.0.0'), port: Number(port) }
}

function readPublicUrl(text: string | undefined, problems: string[]): string | undefined {
  if (text === undefined) return undefined
  const url = URL.parse(text)
  const isPlain =
    url !== null &&
    ['http:', 'https:'].includes(url.protocol) &&
    `${url.username}${url.password}${url.search}${url.hash}` === ''
  if (!isPlain) {
    problems.push('HOLDFAST_PUBLIC_URL must be a URL such as https://backup.example.org.')
    return undefined
  }
  return url.href.replace(/\/+$/, '')
}

function readTrustedProxies(text: string | undefined, problems: string[]): readonly string[] {
  const proxies = (text ?? '')
    .split(',')
    .map((proxy) => proxy.trim())
    .filter((proxy) => proxy !== '')
  for (const proxy of proxies.filter((given) => !isAddressOrNetwork(given))) {
    problems.push(
      `HOLDFAST_TRUSTED_PROXIES names "${proxy}", but takes IP addresses and networks such as 10.0.0.0/8.`,
    )
  }
  return proxies
}

function isAddressOrNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/')
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
  if (prefix === undefined) return bits > 0
  return rest.length === 0 && /^[0-9]{1,3}$/.test(prefix) && Number(prefix) <= bits
}

function readDatabaseUrl(text: string | undefined, problems: string[]): string | undefined {
  if (text === undefined) return undefined
  const url = URL.parse(text)
  // The value may hold a password: it is not repeated.
  if (url === null || !['postgres:', 'postgresql:'].includes(url.protocol)) {
    problems.push(
      'HOLDFAST_DATABASE_URL must be a URL such as postgresql://user:password@host:5432/holdfast.',
    )
  } else if (url.pathname.length < 2) {
    problems.push('HOLDFAST_DATABASE_URL must name a database: postgresql://…/holdfast.')
  }
  return text
}

interface TlsContext {
  readonly path: (text: string) => string
  readonly problems: string[]
}

function readTls(given: GivenSettings, { path, problems }: TlsContext): Tls | undefined {
  const { HOLDFAST_TLS_CERT: certFile, HOLDFAST_TLS_KEY: keyFile } = given
  if (certFile === undefined && keyFile === undefined) return undefined
  if (certFile === undefined || keyFile === undefined) {
    const missing = certFile === undefined ? 'HOLDFAST_TLS_CERT' : 'HOLDFAST_TLS_KEY'
    problems.push(`${missing} is missing: HTTPS needs both the certificate and its key.`)
    return undefined
  }
  const cert = readFile('HOLDFAST_TLS_CERT', path(certFile), problems)
  const key = readFile('HOLDFAST_TLS_KEY', path(keyFile), problems)
  return { cert, key }
}

function readFile(variable: string, file: string, problems: string[]): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    problems.push(`${variable} cannot be read: ${(error as Error).message}.`)
    return ''
  }
}

function readLogLevel(text: string, problems: string[]): LogLevel {
  const level = LOG_LEVELS.find((known) => known === text.toLowerCase())
  if (level !== undefined) return level
  problems.push(`HOLDFAST_LOG_LEVEL is "${text}", but must be one of ${LOG_LEVELS.join(', ')}.`)
  return 'info'
}

function readPrivateTargets(text: string | undefined, problems: string[]): boolean {
  const word = (text ?? 'allow').trim().toLowerCase()
  if (word === 'allow' || word === 'refuse') return word === 'allow'
  problems.push(`HOLDFAST_PRIVATE_TARGETS is "${text}", but must be allow or refuse.`)
  return false
}

function readCommandsAsRoot(text: string | undefined, problems: string[]): boolean {
  const word = (text ?? 'refuse').trim().toLowerCase()
  if (word === 'allow' || word === 'refuse') return word === 'allow'
  problems.push(`HOLDFAST_COMMANDS_AS_ROOT is "${text}", but must be allow or refuse.`)
  return false
}

function readAuthErrors(
  text: string | undefined,
  problems: string[],
): ServiceConfig['containerAuthErrors'] {
  const word = (text ?? 'oauth').trim().toLowerCase()
  if (word === 'oauth' || word === 'envelope') return word
  problems.push(`HOLDFAST_CONTAINER_AUTH_ERRORS is "${text}", but must be oauth or envelope.`)
  return 'oauth'
}

const METRICS_TOKEN_LENGTH_MIN = 16

function readMetricsToken(text: string | undefined, problems: string[]): string | undefined {
  if (text === undefined) return undefined
  // It is sent in a header; the value itself is a secret and not repeated.
  if (/^[\x21-\x7e]+$/.test(text) && text.length >= METRICS_TOKEN_LENGTH_MIN) return text
  problems.push(
    `HOLDFAST_METRICS_TOKEN must have at least ${METRICS_TOKEN_LENGTH_MIN} characters of ASCII without spaces.`,
  )
  return undefined
}
