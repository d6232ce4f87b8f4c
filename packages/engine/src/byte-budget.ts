// Bounds how many bytes are in work at once. First come, first served.

interface Waiter {
  readonly bytes: number
  readonly admit: () => void
}

export class ByteBudget {
  readonly #limit: number
  #used = 0
  readonly #waiting: Waiter[] = []

  constructor(limitBytes: number) {
    this.#limit = limitBytes
  }

  /**
   * Waits until `bytes` fit, then answers the function that gives them back. More than the whole
   * budget counts as the whole budget, so that everything gets its turn.
   */
  async take(bytes: number, signal: AbortSignal | undefined): Promise<() => void> {
    signal?.throwIfAborted()
    const share = Math.min(bytes, this.#limit)
    if (this.#waiting.length > 0 || this.#used + share > this.#limit) {
      await this.#wait(share, signal)
    } else {
      this.#used += share
    }
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      this.#used -= share
      this.#admitNext()
    }
  }

  #wait(bytes: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        bytes,
        admit: () => {
          signal?.removeEventListener('abort', giveUp)
          resolve()
        },
      }
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1)
        reject(signal?.reason)
        this.#admitNext()
      }
      signal?.addEventListener('abort', giveUp, { once: true })
      this.#waiting.push(waiter)
    })
  }

  #admitNext(): void {
    for (;;) {
      const next = this.#waiting[0]
      if (next === undefined || this.#used + next.bytes > this.#limit) return
      this.#waiting.shift()
      this.#used += next.bytes
      next.admit()
    }
  }
}
