// Whether the service can do its work now, and what it lacks. Answered at `/readyz`.

export interface ReadinessReport {
  readonly isReady: boolean
  /** One sentence each; empty when ready. */
  readonly reasons: readonly string[]
}

export interface Readiness {
  /** Sets or, with undefined, clears the reason why `part` is not ready. */
  report(part: ReadinessPart, reason: string | undefined): void
  /** Asks the database as well. Never fails. */
  check(): Promise<ReadinessReport>
}

export type ReadinessPart = 'start' | 'postgres' | 'stop'

/** A database that does not answer for this long is no use to a request either. */
const PROBE_TIMEOUT_MS = 2_000

export function createReadiness(): Readiness & {
  probeDatabase(probe: () => Promise<unknown>): void
} {
  const reasons = new Map<ReadinessPart, string>([['start', 'The service is starting.']])
  let probe: (() => Promise<unknown>) | undefined
  return {
    report(part, reason) {
      if (reason === undefined) reasons.delete(part)
      else reasons.set(part, reason)
    },
    probeDatabase(given) {
      probe = given
    },
    async check() {
      const known = [...reasons.values()]
      if (known.length > 0 || probe === undefined) return { isReady: false, reasons: known }
      const failure = await failureOf(probe)
      return { isReady: failure === undefined, reasons: failure === undefined ? [] : [failure] }
    },
  }
}

async function failureOf(probe: () => Promise<unknown>): Promise<string | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<string>()
  const timer = setTimeout(() => resolve('The database does not answer.'), PROBE_TIMEOUT_MS)
  const answer = probe().then(
    () => undefined,
    (error) => `The database does not answer: ${error instanceof Error ? error.message : error}`,
  )
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}
