// What `fixtures/churn-repository.ts` backs up under a number, and its test expects again.
import { noise } from './awkward-tree.ts'
import type { SyntheticTree } from './synthetic-snapshot.ts'

/** Neighbouring numbers share half of their files. */
export function churnContent(number: number): SyntheticTree {
  const file = (seed: number) =>
    [`file ${seed}`, noise(seed, 30_000 + (seed % 5) * 40_000)] as const
  return {
    ...Object.fromEntries([0, 1, 2, 3].map((offset) => file(number * 2 + offset))),
    sub: Object.fromEntries([file(number % 3)]),
  }
}
