// Refuses every change, loudly.
import { EngineError } from '../engine-failure.ts'
import type { Backend } from './backend.ts'

/** Reading passes through; whatever would change the repository fails with `backend-read-only`. */
export function asReadOnly(backend: Backend): Backend {
  const refuse = (operation: string) => async (): Promise<never> => {
    throw new EngineError({ code: 'backend-read-only', url: backend.url, operation })
  }
  return {
    url: backend.url,
    connections: backend.connections,
    load: (handle, range, signal) => backend.load(handle, range, signal),
    stat: (handle, signal) => backend.stat(handle, signal),
    list: (kind, signal) => backend.list(kind, signal),
    listLeftovers: (signal) => backend.listLeftovers(signal),
    create: refuse('create'),
    save: refuse('save'),
    remove: refuse('remove'),
    removeLeftovers: refuse('removeLeftovers'),
  }
}
