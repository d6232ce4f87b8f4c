// Slows down whoever guesses passwords, and keeps log-ins from taking the processors of the service.
//
// Counts are kept in memory: they are about minutes, and each service limits what goes through it.
import { OperationError } from './operation-failure.ts'

export interface LoginAttempt {
  readonly email: string
  /** Where one was named: the user of another account is another user. */
  readonly accountID: string | undefined
  readonly remoteAddress: string
  readonly now: Date
}

export interface LoginThrottle {
  /** Counts the attempt. Fails with `login-throttled`. */
  begin(attempt: LoginAttempt): void
  /** The password was right: what was mistyped before does not count any more. */
  succeed(attempt: LoginAttempt): void
  /** Runs what hashes, few at a time. Fails with `login-throttled` when too many wait. */
  hash<Result>(work: () => Promise<Result>): Promise<Result>
}

const WINDOW_MS = 15 * 60_000
/** Of one address for one user: somebody who forgot a password, or guesses it. */
const PAIR_ATTEMPTS_MAX = 10
/** Of one address for all users: many people may share one. */
const ADDRESS_ATTEMPTS_MAX = 100
/** For one user from all addresses: guessing that is spread out. */
const USER_ATTEMPTS_MAX = 200
/** Beyond it the oldest are forgotten, so that made-up names cannot fill the memory. */
const KEYS_MAX = 20_000
/** Each takes 12 MiB and a processor for some 40 ms. */
const HASHING_MAX = 2
const WAITING_MAX = 50

export function makeLoginThrottle(): LoginThrottle {
  const attempts = new Map<string, readonly number[]>()
  const waiting: (() => void)[] = []
  let hashing = 0
  return {
    begin(attempt) {
      const now = attempt.now.getTime()
      for (const { key, max } of limitsOf(attempt)) {
        const recent = (attempts.get(key) ?? []).filter((at) => at > now - WINDOW_MS)
        const oldest = recent[0]
        if (recent.length >= max && oldest !== undefined) {
          throw throttled(Math.ceil((oldest + WINDOW_MS - now) / 1000))
        }
        // Re-inserted, so that the map is in the order of last use.
        attempts.delete(key)
        attempts.set(key, [...recent, now])
      }
      for (const key of attempts.keys()) {
        if (attempts.size <= KEYS_MAX) break
        attempts.delete(key)
      }
    },
    succeed(attempt) {
      for (const { key } of limitsOf(attempt).filter(({ isForgiven }) => isForgiven)) {
        attempts.delete(key)
      }
    },
    async hash(work) {
      if (hashing >= HASHING_MAX) {
        if (waiting.length >= WAITING_MAX) throw throttled(1)
        await new Promise<void>((resolve) => waiting.push(resolve))
      } else {
        hashing += 1
      }
      try {
        return await work()
      } finally {
        // The place goes to the next one that waits; it is free when none does.
        const next = waiting.shift()
        if (next === undefined) hashing -= 1
        else next()
      }
    },
  }
}

function limitsOf({ email, accountID = 'any', remoteAddress }: LoginAttempt) {
  const user = `${accountID} ${email.toLowerCase()}`
  return [
    { key: `pair ${remoteAddress} ${user}`, max: PAIR_ATTEMPTS_MAX, isForgiven: true },
    { key: `address ${remoteAddress}`, max: ADDRESS_ATTEMPTS_MAX, isForgiven: false },
    { key: `user ${user}`, max: USER_ATTEMPTS_MAX, isForgiven: true },
  ]
}

function throttled(retryAfterSeconds: number): OperationError {
  return new OperationError({ code: 'login-throttled', retryAfterSeconds })
}
