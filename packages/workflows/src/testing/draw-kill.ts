// Every named step is killed once, at a position and in a process drawn from a fixed seed. Two test
// files do one half of the steps each, beside each other.
import { createHash } from 'node:crypto'
import { KILL_POSITIONS } from './kill-plan.ts'
import { type ChooseKill, MOVER_PLACES } from './kill-scenario.ts'

export const SEED = 'holdfast 1'

export function killHalf(half: 0 | 1): ChooseKill {
  return (place, names) => {
    const draw = createHash('sha256').update(`${SEED} ${place}`).digest()
    if ((draw[2] ?? 0) % 2 !== half) return undefined
    const isMover = MOVER_PLACES.includes(place) && (draw[1] ?? 0) % 3 === 0
    const position = KILL_POSITIONS[(draw[0] ?? 0) % KILL_POSITIONS.length] ?? 'before'
    return { ...names, position, process: isMover ? 'mover' : 'service' }
  }
}
