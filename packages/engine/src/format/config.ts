// The config of a repository: plain JSON inside the sealed `config` object, never compressed
// (repository format, section 1.3).

import { failFormat } from './format-failure.ts'
import { encodeGoJson, parseJson, type UnknownMembers, unknownMembersOf } from './go-json.ts'

export interface RepositoryConfig {
  readonly version: number
  /** 64 hex digits, random. */
  readonly id: string
  /** Hex without prefix or zero padding, see `chunker/polynomial.ts`. A secret. */
  readonly chunkerPolynomial: string
  readonly unknownMembers: UnknownMembers
}

const KNOWN_MEMBERS: ReadonlySet<string> = new Set(['version', 'id', 'chunker_polynomial'])
const REPOSITORY_VERSIONS: readonly unknown[] = [1, 2]
const ID_PATTERN = /^[0-9a-f]{64}$/
const POLYNOMIAL_PATTERN = /^[1-9a-f][0-9a-f]{0,15}$/

export function encodeConfig(config: RepositoryConfig): Buffer {
  return Buffer.from(
    encodeGoJson({
      version: config.version,
      id: config.id,
      chunker_polynomial: config.chunkerPolynomial,
      ...config.unknownMembers,
    }),
  )
}

/** Fails with `format-invalid`. Does not test the polynomial, see `isUsablePolynomial`. */
export function decodeConfig(plain: Buffer): RepositoryConfig {
  const members = parseMembers(plain)
  const { version, id, chunker_polynomial: chunkerPolynomial } = members
  if (typeof version !== 'number' || !REPOSITORY_VERSIONS.includes(version)) {
    failFormat('config', `version ${JSON.stringify(version)} is not 1 or 2`)
  }
  if (typeof id !== 'string' || !ID_PATTERN.test(id))
    failFormat('config', 'id is not 64 hex digits')
  if (typeof chunkerPolynomial !== 'string' || !POLYNOMIAL_PATTERN.test(chunkerPolynomial)) {
    failFormat('config', 'chunker_polynomial is not a hex number')
  }
  return {
    version,
    id,
    chunkerPolynomial,
    unknownMembers: unknownMembersOf(members, KNOWN_MEMBERS),
  }
}

function parseMembers(plain: Buffer): { readonly [member: string]: unknown } {
  let value: unknown
  try {
    value = parseJson(plain.toString('utf8'))
  } catch {
    failFormat('config', 'not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    failFormat('config', 'not a JSON object')
  }
  return value as { readonly [member: string]: unknown }
}
