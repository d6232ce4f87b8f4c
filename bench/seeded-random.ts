// Numbers that look random and are the same on every machine (sfc32).

export interface SeededRandom {
  /** 0 <= result < bound; bound at most 2^32. */
  below(bound: number): number
  /** Spread evenly over the orders of magnitude between `low` and `high`. */
  magnitude(low: number, high: number): number
}

export function seededRandom(seed: number): SeededRandom {
  let a = 0x9e3779b9
  let b = 0x243f6a88
  let c = 0xb7e15162
  let counter = seed | 0
  function next(): number {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return sum >>> 0
  }
  for (let round = 0; round < 16; round += 1) next()
  return {
    below: (bound) => Math.floor((next() / 2 ** 32) * bound),
    magnitude(low, high) {
      const share = next() / 2 ** 32
      return Math.round(low * (high / low) ** share)
    },
  }
}
