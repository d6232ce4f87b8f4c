import { describeBackend } from '../testing/backend-conformance.ts'
import { fakeClock } from '../testing/fake-clock.ts'
import { withFaults } from '../testing/faulty-backend.ts'
import { memoryBackend } from '../testing/memory-backend.ts'
import { localBackendIn, makeThrowawayDirectory } from '../testing/throwaway-repository.ts'
import { withFreeSpaceFloor } from './free-space-floor.ts'
import { withRetry } from './retry.ts'

describeBackend('the memory backend', async () => ({
  backend: memoryBackend(),
  dispose: async () => undefined,
}))

describeBackend('the local directory', async () => {
  const directory = await makeThrowawayDirectory()
  const backend = localBackendIn(directory.path)
  await backend.create(undefined)
  return { backend, dispose: async () => await directory[Symbol.asyncDispose]() }
})

describeBackend('retrying', async () => ({
  backend: withRetry(memoryBackend(), {
    clock: fakeClock(),
    attemptsMax: 3,
    firstDelayMs: 1,
    onRetry: () => undefined,
  }),
  dispose: async () => undefined,
}))

describeBackend('the free-space floor with room below it', async () => ({
  backend: withFreeSpaceFloor(memoryBackend(), {
    path: '/',
    measure: async () => ({ freeBytes: 2 ** 40, totalBytes: 2 ** 41 }),
  }),
  dispose: async () => undefined,
}))

describeBackend('the faulty backend without faults', async () => ({
  backend: withFaults(memoryBackend(), []),
  dispose: async () => undefined,
}))
