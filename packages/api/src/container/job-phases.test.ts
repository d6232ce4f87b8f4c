// Whatever steps a workflow has begun: nothing is done before it is, and what is done stays done.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Job } from '@holdfast/db'
import { TASK_KINDS, type TaskKind } from '@holdfast/domain'
import { STEP_NAMES } from '@holdfast/workflows'
import fc from 'fast-check'
import { type PhaseProgress, phasesOf } from './job-phases.ts'

const START = Date.parse('2026-05-04T10:00:00Z')

/** Any steps of a kind, each begun some seconds after the one before, in any order. */
const histories = fc
  .constantFrom(...TASK_KINDS)
  .chain((kind) =>
    fc
      .array(fc.constantFrom(...stepsOf(kind), 'a-step-of-a-former-version'), { maxLength: 40 })
      .map((names) => ({ kind, names })),
  )

function stepsOf(kind: TaskKind): readonly string[] {
  return kind === 'immediate' ? [] : STEP_NAMES[kind]
}

test('100 % is never early, always there at the end, and nothing is taken back', () => {
  fc.assert(
    fc.property(histories, ({ kind, names }) => {
      let before = phasesOf({ kind, state: 'notStarted', steps: [] })
      assert.ok(before.length > 0)
      for (let count = 0; count <= names.length; count += 1) {
        const steps = begun(names.slice(0, count))
        const present = phasesOf({ kind, state: 'running', steps })
        assert.ok(present.some(({ completedAt }) => completedAt === undefined))
        assertOrdered(present)
        assertGoesOn(before, present)
        before = present
      }
      const steps = begun(names)
      const endedAt = at(names.length)
      const completed = phasesOf({ kind, state: 'completed', endedAt, steps })
      assert.ok(completed.every(({ completedAt }) => completedAt !== undefined))
      assert.deepEqual(completed.at(-1)?.completedAt, endedAt)
      assertOrdered(completed)
      assertGoesOn(before, completed)
      for (const state of ['failed', 'cancelled'] as const) {
        assert.deepEqual(phasesOf({ kind, state, endedAt, steps }), before)
      }
    }),
  )
})

test('what a workflow does after a failure begins no phase', () => {
  const names = ['await-app', 'begin-backup', 'ensure-repository', 'locate-command']
  const failed = [...names, 'stream-command', 'undo-backup', 'fail-backup']
  const phases = phasesOf({ ...job('stream-backup', failed), state: 'failed', endedAt: at(99) })
  assert.deepEqual(
    phases.map(({ startedAt, completedAt }) => [startedAt, completedAt]),
    [
      [at(0), at(4)],
      [at(4), undefined],
      [undefined, undefined],
      [undefined, undefined],
    ],
  )
})

test('every step of a workflow is a phase’s or none’s, and every phase has a step', () => {
  for (const kind of TASK_KINDS) {
    if (kind === 'immediate') continue
    const count = phasesOf(job(kind, [])).length
    const reached = STEP_NAMES[kind].map((name) => {
      const phases = phasesOf(job(kind, [name]))
      return phases.filter(({ startedAt }) => startedAt !== undefined).length
    })
    assert.deepEqual(
      [...new Set(reached)].filter((number) => number > 0).toSorted((one, other) => one - other),
      Array.from({ length: count }, (_, index) => index + 1),
      kind,
    )
  }
})

function job(kind: TaskKind, names: readonly string[]): Pick<Job, 'kind' | 'state' | 'steps'> {
  return { kind, state: 'running', steps: begun(names) }
}

/** As the database gives them: the first begin of each. */
function begun(names: readonly string[]): Job['steps'] {
  const first = new Map<string, Date>()
  names.forEach((name, index) => {
    if (!first.has(name)) first.set(name, at(index))
  })
  return [...first].map(([name, startedAt]) => ({ name, startedAt }))
}

function at(seconds: number): Date {
  return new Date(START + seconds * 1000)
}

/** A phase is not completed before it began, nor begun after a later one. */
function assertOrdered(phases: readonly PhaseProgress[]): void {
  const times = phases.flatMap(({ startedAt, completedAt }) => [startedAt, completedAt])
  const known = times.filter((time) => time !== undefined)
  assert.deepEqual(
    known,
    known.toSorted((one, other) => one.getTime() - other.getTime()),
  )
  assert.deepEqual(times.slice(0, known.length), known)
}

/** What was written once is not written otherwise later. */
function assertGoesOn(before: readonly PhaseProgress[], after: readonly PhaseProgress[]): void {
  assert.equal(after.length, before.length)
  before.forEach((phase, index) => {
    for (const member of ['startedAt', 'completedAt'] as const) {
      if (phase[member] === undefined) continue
      assert.deepEqual(after[index]?.[member], phase[member])
    }
  })
}
