// Draws, from a seed, at which position each named step is killed.
import { createHash } from 'node:crypto'
import { KILL_POSITIONS, type KillPosition } from './kill-plan.ts'
import { type ChooseKill, MOVER_PLACES, type StepPlace } from './kill-scenario.ts'

/** Of the tests that everybody runs: the same kills each time. */
export const FIXED_SEED = 'holdfast 1'

/** Of the long tests: `.ci/run` sets it anew for each commit, so in time every position has its turn. */
export const CHANGING_SEED = process.env.HOLDFAST_KILL_SEED ?? 'holdfast 2'

/** Why a test that kills at one position of every step is left out; together they take long. */
export const NOT_EVERY_POSITION =
  process.env.HOLDFAST_KILL_EVERY_POSITION === '1'
    ? false
    : 'NOT run without HOLDFAST_KILL_EVERY_POSITION=1: each step is killed at one drawn position'

/** In the service or its mover. Of streams the steps that no other workflow has. */
export const killHalfOfSteps: ChooseKill = (place, names) => {
  const draw = drawOf(FIXED_SEED, place)
  const isChosen = place.startsWith('stream-') ? STREAM_PLACES.has(place) : draw.half === 0
  if (!isChosen) return undefined
  const isMover = MOVER_PLACES.includes(place) && draw.isMover
  return { ...names, position: draw.position, process: isMover ? 'mover' : 'service' }
}

/** Each restore of a stream has a snapshot, which would be killed once more. */
const STREAM_PLACES: ReadonlySet<StepPlace> = new Set([
  'stream-backup/stream-command',
  'stream-restore/request-safety-snapshot',
  'stream-restore/note-safety-snapshot',
  'stream-restore/run-restore-command',
  'stream-restore/fail-restore',
])

type Half = 0 | 1

/** In the service. Two test files do one half of the steps each, beside each other. */
export function killDrawnHalf(half: Half): ChooseKill {
  return (place, names) => {
    const draw = drawOf(CHANGING_SEED, place)
    if (draw.half !== half) return undefined
    return { ...names, position: draw.position, process: 'service' }
  }
}

function drawOf(
  seed: string,
  place: StepPlace,
): { readonly position: KillPosition; readonly isMover: boolean; readonly half: Half } {
  const [position = 0, mover = 0, half = 0] = createHash('sha256')
    .update(`${seed} ${place}`)
    .digest()
  return {
    position: KILL_POSITIONS[position % KILL_POSITIONS.length] ?? 'before',
    isMover: mover % 3 === 0,
    half: half % 2 === 0 ? 0 : 1,
  }
}
