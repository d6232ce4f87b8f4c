// Turns what a system call or a system program refused into the platform's own failures.
import { errnoName } from '@holdfast/filesystem'
import type { PlatformFailure } from '../platform.ts'
import { PlatformError, platformFailureOf } from '../platform-error.ts'

/**
 * Runs `call`; an error that the system gave becomes the failure that `classify` makes of its
 * message. Aborts, failures that are classified already, and broken invariants stay what they are.
 */
export async function classifyErrors<Value>(
  classify: (reason: string) => PlatformFailure,
  call: () => Promise<Value>,
): Promise<Value> {
  try {
    return await call()
  } catch (error) {
    if (!isOfSystem(error)) throw error
    throw new PlatformError(classify(error.message), { cause: error })
  }
}

/** Programs (`rm`) report by a plain `Error`; other classes are aborts and broken invariants. */
function isOfSystem(error: unknown): error is Error {
  if (!(error instanceof Error) || platformFailureOf(error) !== undefined) return false
  return errnoName(error) !== undefined || error.constructor === Error
}
