// Who may enter next: readers and writers share, a prune (or the quiet phase of an app) is alone.
//
// Requests are served in order, with one exception. Where the shared ones are hours long, an
// exclusive request that only just began to wait would keep all later ones out for hours and gain
// nothing; so later shared ones may pass it while it has waited less than `PATIENCE_MS`. After
// that nobody passes it, so it cannot starve.
import type { Turn } from '@holdfast/db'

export const PATIENCE_MS = 600_000

/** `queue` holds everyone at the resource, in order of arrival, granted ones included. */
export function mayEnter(queue: readonly Turn[], id: string): boolean {
  const at = queue.findIndex((turn) => turn.id === id)
  const own = queue[at]
  if (own === undefined) return false
  const others = queue.filter((turn) => turn.id !== id)
  const earlier = queue.slice(0, at)
  if (own.mode === 'exclusive') {
    return !others.some((turn) => turn.isGranted) && earlier.length === 0
  }
  const isHeldAlone = others.some((turn) => turn.isGranted && turn.mode === 'exclusive')
  if (isHeldAlone) return false
  const isShared = others.some((turn) => turn.isGranted)
  return !earlier.some(
    (turn) => turn.mode === 'exclusive' && (!isShared || turn.waitedMs >= PATIENCE_MS),
  )
}
