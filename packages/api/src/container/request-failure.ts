// Why a request of the container dialect was refused before any operation saw it.

export type RequestFailure =
  | { readonly code: 'hub-missing' }
  | { readonly code: 'hub-wrong'; readonly hubID: string }
  | { readonly code: 'query-invalid'; readonly parameter: string; readonly reason: string }
  | { readonly code: 'page-too-large'; readonly sizeMax: number }
  | { readonly code: 'list-too-long'; readonly lengthMax: number }
  | { readonly code: 'body-not-json'; readonly reason: string }
  | { readonly code: 'body-not-typed'; readonly contentType: string | undefined }
  /** `pointer`: RFC 6901, into the body; the whole body when empty. */
  | { readonly code: 'body-incomplete'; readonly pointer: string; readonly reason: string }
  | { readonly code: 'body-breaks-schema'; readonly pointer: string; readonly reason: string }
  | { readonly code: 'body-too-large'; readonly bytesMax: number }
  /** What the resource is cannot be changed so. */
  | { readonly code: 'change-unsupported'; readonly pointer: string; readonly reason: string }
  /** What containers do elsewhere, and not here. */
  | { readonly code: 'action-unsupported'; readonly action: string }
  /** As its state is called here. */
  | { readonly code: 'backup-not-live'; readonly backupID: string; readonly state: string }
  | { readonly code: 'backup-deleting'; readonly backupID: string }
  | { readonly code: 'method-unsupported'; readonly allowed: readonly string[] }
  | { readonly code: 'path-unknown' }
  | { readonly code: 'request-malformed'; readonly reason: string }
  | { readonly code: 'service-not-ready'; readonly reason: string }
  | { readonly code: 'internal' }

export class RequestError extends Error {
  override readonly name = 'ContainerRequestError'
  readonly failure: RequestFailure

  constructor(failure: RequestFailure) {
    super(`The request was refused: ${failure.code}.`)
    this.failure = failure
  }
}

export function isRequestError(error: unknown): error is RequestError {
  return error instanceof Error && error.name === 'ContainerRequestError' && 'failure' in error
}
