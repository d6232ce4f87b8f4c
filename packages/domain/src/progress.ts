// Progress of a copy, as clients poll it.

export interface ProgressCount {
  readonly bytesDone: number
  readonly totalBytes: number
}

/**
 * Whole percents of `count`, never 100: only the commit says 100. An empty or unknown total is 0,
 * and a source that grew while it was read stays at 99.
 */
export function percentBeforeCommit(count: ProgressCount): number {
  if (count.totalBytes <= 0) return 0
  const percent = Math.floor((count.bytesDone / count.totalBytes) * 100)
  return Math.max(0, Math.min(99, percent))
}
