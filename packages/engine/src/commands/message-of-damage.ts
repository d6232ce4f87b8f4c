// Tells damage, which check reports, from a store that fails, which ends it.
import { isEngineError } from '../engine-failure.ts'

/** The sentence of a failure that means damage; throws every other error again. */
export function messageOfDamage(error: unknown): string {
  if (!isEngineError(error)) throw error
  const { failure, message } = error
  switch (failure.code) {
    case 'object-not-found':
    case 'object-truncated':
    case 'index-corrupt':
    case 'snapshot-corrupt':
    case 'pack-corrupt':
    case 'blob-corrupt':
    case 'blob-not-found':
    case 'format-invalid':
    case 'seal-broken':
      return message
    case 'backend-failed':
      // An unreadable sector belongs to one object; the others are still worth a look.
      if (failure.reason.startsWith('EIO')) return message
      throw error
    default:
      throw error
  }
}
