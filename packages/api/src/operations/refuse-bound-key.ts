// An API key that is for some addresses makes nothing that works from others.
import type { Caller } from './caller.ts'
import { OperationError } from './operation-failure.ts'

/**
 * For what ends in a secret, and for what gives more to those who have one: fails with
 * `key-bound-to-addresses`.
 */
export function refuseBoundKey({ ips }: Caller): void {
  if (ips !== undefined) throw new OperationError({ code: 'key-bound-to-addresses' })
}
