// Why a request was refused before any operation saw it.
import type { InvalidMember } from '../operations/operation-failure.ts'

export type RequestFailure =
  | { readonly code: 'query-invalid'; readonly parameters: readonly InvalidMember[] }
  | { readonly code: 'query-unsupported'; readonly parameters: readonly InvalidMember[] }
  | { readonly code: 'body-not-json'; readonly reason: string }
  | {
      readonly code: 'body-breaks-schema'
      readonly members: readonly InvalidMember[]
      readonly report: string
    }
  | { readonly code: 'body-too-large'; readonly limitBytes: number }
  | { readonly code: 'method-unsupported'; readonly allowed: readonly string[] }
  | { readonly code: 'path-unknown' }
  | { readonly code: 'precondition-failed'; readonly header: string }
  | { readonly code: 'request-malformed'; readonly reason: string }
  | { readonly code: 'service-not-ready'; readonly reason: string }
  | { readonly code: 'internal' }

export class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly failure: RequestFailure

  constructor(failure: RequestFailure) {
    super(`The request was refused: ${failure.code}.`)
    this.failure = failure
  }
}

export function isRequestError(error: unknown): error is RequestError {
  return error instanceof Error && error.name === 'RequestError' && 'failure' in error
}
