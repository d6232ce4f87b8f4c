// The error codes of the container dialect that this service answers, with their titles. A code
// begins with its HTTP status.

export const ERROR_TITLES = {
  '400.invalid-syntax': 'The request cannot be read',
  '401.auth-invalid': 'The caller is not known',
  '403.permissions': 'The capability is missing',
  '403.wrong-hub': 'The hub is not the one of the caller',
  '403.mismatch': 'The resources do not belong together',
  '403.invalid-ip': 'The address is not on the list of the key',
  '403.invalid-state': 'The state of the resource does not allow this',
  '403.not-allowed': 'This is not allowed',
  '403.not-ready': 'The resource is not ready',
  '404.container': 'The container was not found',
  '404.container.backup': 'The backup was not found',
  '404.instance': 'The instance was not found',
  '404.job': 'The job was not found',
  '404.hub': 'The hub was not found',
  '404.hub.api-key': 'The API key was not found',
  '404.hub.integration': 'The integration was not found',
  '404.hub.role': 'The role was not found',
  '404.environment': 'The environment was not found',
  '404.uri': 'Nothing is served here',
  '409.duplicate-found': 'Another resource has this already',
  '415.invalid-content-type': 'The body must be JSON',
  '422.missing-argument': 'An argument is missing',
  '422.invalid-argument': 'An argument is invalid',
  '422.max-exceeded': 'A limit is exceeded',
  '422.not-compatible': 'The change does not fit the resource',
  '422.already-exists': 'The resource exists already',
  '429.rate-limiting': 'Too many requests',
  '500.unknown': 'The service failed unexpectedly',
  '503.not-ready': 'The service is not ready',
  '503.not-enabled': 'This is switched off',
} as const

export type ErrorCode = keyof typeof ERROR_TITLES

export function statusOf(code: ErrorCode): number {
  return Number(code.slice(0, 3))
}
