// Lets a limited amount of something be under way at once; the next ones wait in order.

export interface BoundedGate {
  /** Resolves once `amount` more fits; one that is larger than the limit waits until it is alone. */
  enter(amount: number): Promise<void>
  leave(amount: number): void
  /** Rejects those who wait, now and from now on. */
  close(reason: unknown): void
}

export function createBoundedGate(limit: number): BoundedGate {
  const waiting: Waiting[] = []
  let inside = 0
  let closed: { readonly reason: unknown } | undefined

  function fits(amount: number): boolean {
    return inside === 0 || inside + amount <= limit
  }

  function admit(): void {
    for (let next = waiting[0]; next !== undefined && fits(next.amount); next = waiting[0]) {
      waiting.shift()
      inside += next.amount
      next.resolve()
    }
  }

  return {
    enter(amount) {
      if (closed !== undefined) return Promise.reject(closed.reason)
      if (waiting.length === 0 && fits(amount)) {
        inside += amount
        return Promise.resolve()
      }
      return new Promise((resolve, reject) => waiting.push({ amount, resolve, reject }))
    },
    leave(amount) {
      inside -= amount
      admit()
    },
    close(reason) {
      closed = { reason }
      for (const { reject } of waiting.splice(0)) reject(reason)
    },
  }
}

interface Waiting {
  readonly amount: number
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}
