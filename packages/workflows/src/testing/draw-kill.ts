// Every named step is killed once, at a position and in a process drawn from a fixed seed. Two test
// files do one half of the steps each, beside each other.
import { createHash } from 'node:crypto'
import { KILL_POSITIONS } from './kill-plan.ts'
import { type ChooseKill, MOVER_PLACES, type StepPlace } from './kill-scenario.ts'

export const SEED = 'holdfast 1'

const STREAM_PLACES: ReadonlySet<StepPlace> = new Set([
  'stream-backup/stream-command',
  'stream-restore/request-safety-snapshot',
  'stream-restore/note-safety-snapshot',
  'stream-restore/run-restore-command',
  'stream-restore/fail-restore',
])

export function killHalf(half: 0 | 1): ChooseKill {
  return (place, names) => {
    const draw = createHash('sha256').update(`${SEED} ${place}`).digest()
    // Streams have a snapshot for each restore, so one half has all of their kills: at the steps
    // that no other workflow has. The long tests kill at each.
    const isOfStream = place.startsWith('stream-')
    const ownHalf = isOfStream ? (STREAM_PLACES.has(place) ? 0 : undefined) : (draw[2] ?? 0) % 2
    if (ownHalf !== half) return undefined
    const isMover = MOVER_PLACES.includes(place) && (draw[1] ?? 0) % 3 === 0
    const position = KILL_POSITIONS[(draw[0] ?? 0) % KILL_POSITIONS.length] ?? 'before'
    return { ...names, position, process: isMover ? 'mover' : 'service' }
  }
}
