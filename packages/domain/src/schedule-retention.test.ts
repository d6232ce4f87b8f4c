import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { COPY_STATES, type CopyState } from './copy-state.ts'
import {
  decideRetention,
  decideStreamRetention,
  FAILURES_KEPT_MAX,
  type ScheduledCopy,
} from './schedule-retention.ts'

/** Newest first, as `c` completed, `f` failed, `r` running; upper case: in use. */
function copies(text: string): ScheduledCopy[] {
  const states: Record<string, CopyState> = { c: 'completed', f: 'failed', r: 'running' }
  return [...text].map((letter, at) => ({
    id: String(at),
    state: states[letter.toLowerCase()] ?? 'unknown',
    createdAt: new Date(1_700_000_000_000 - at * 1000),
    isInUse: letter !== letter.toLowerCase(),
  }))
}

const NOW = new Date(1_700_000_000_000)

function judge(snapshots: string, backups: string, counts: readonly [string, string]) {
  const decided = decideRetention({
    snapshots: copies(snapshots),
    backups: copies(backups),
    snapshotRetention: counts[0],
    backupRetention: counts[1],
    now: NOW,
  })
  const reasons = (of: readonly { readonly keep: boolean; readonly reason: string }[]) =>
    of.map(({ keep, reason }) => `${keep ? '+' : '-'}${reason}`)
  return { snapshots: reasons(decided.snapshots), backups: reasons(decided.backups) }
}

describe('retention of a schedule', () => {
  test('keeps the newest completed ones, and only completed ones count', () => {
    assert.deepEqual(judge('frcfcc', '', ['2', '1']).snapshots, [
      '+recent-failure',
      '+not-completed',
      '+kept-by-count',
      '+recent-failure',
      '+kept-by-count',
      '-beyond-count',
    ])
  })

  test('what is in use stays until it is not any more', () => {
    assert.deepEqual(judge('cCc', 'cC', ['1', '1']), {
      snapshots: ['+kept-by-count', '+in-use', '-beyond-count'],
      backups: ['+kept-by-count', '+in-use'],
    })
  })

  test('failures that a kept copy outlived go, and so do all but the last ones', () => {
    assert.deepEqual(judge('cff', '', ['1', '1']).snapshots, [
      '+kept-by-count',
      '-outlived-failure',
      '-outlived-failure',
    ])
    const many = judge('f'.repeat(FAILURES_KEPT_MAX + 2), '', ['1', '1']).snapshots
    assert.equal(many.filter((it) => it === '+recent-failure').length, FAILURES_KEPT_MAX)
    assert.equal(many.filter((it) => it === '-outlived-failure').length, 2)
  })

  test('no snapshots: they go when a backup holds what they hold', () => {
    assert.deepEqual(judge('cc', 'f', ['0', '1']).snapshots, ['+last-good', '-beyond-count'])
    assert.deepEqual(judge('cc', 'c', ['0', '1']).snapshots, ['-beyond-count', '-beyond-count'])
    assert.deepEqual(judge('cc', 'fc', ['0', '1']).snapshots, ['+last-good', '-beyond-count'])
  })

  test('no backups: those made before stay', () => {
    assert.deepEqual(judge('c', 'cf', ['1', '0']).backups, [
      '+none-made-any-more',
      '+none-made-any-more',
    ])
  })

  test('a count of 63 digits keeps everything completed', () => {
    assert.deepEqual(
      judge('ccc', '', ['9'.repeat(63), '1']).snapshots,
      Array(3).fill('+kept-by-count'),
    )
  })

  test('what a clock that was ahead made stays and does not count: what is made now is not older', () => {
    const [ahead, today, yesterday] = copies('ccc').map((copy, at) => ({
      ...copy,
      createdAt: new Date(NOW.getTime() + (1 - at) * 86_400_000),
    }))
    assert.ok(ahead && today && yesterday)
    const list = [ahead, today, yesterday]
    const retention = { snapshotRetention: '1', backupRetention: '1', now: NOW }
    for (const kind of ['snapshots', 'backups'] as const) {
      const none = { snapshots: [], backups: [] }
      const decided = decideRetention({ ...none, [kind]: list, ...retention })[kind]
      assert.deepEqual(
        decided.map(({ keep, reason }) => [keep, reason]),
        [
          [true, 'of-the-future'],
          [true, 'kept-by-count'],
          [false, 'beyond-count'],
        ],
      )
    }
    // Nor does it cover what was made since.
    const snapshots = decideRetention({
      snapshots: [today],
      backups: [ahead],
      ...retention,
      snapshotRetention: '0',
    }).snapshots
    assert.deepEqual(
      snapshots.map(({ reason }) => reason),
      ['last-good'],
    )
  })

  test('never the last good one, never more than asked, nothing in use or under way', () => {
    const copy = fc.record({
      state: fc.constantFrom(...COPY_STATES),
      second: fc.integer({ min: 0, max: 20 }),
      isInUse: fc.boolean(),
    })
    const some = fc.array(copy, { maxLength: 20 }).map((list) =>
      list.map(({ second, ...rest }, at) => ({
        ...rest,
        id: String(at),
        createdAt: new Date(second * 1000),
      })),
    )
    const count = fc.integer({ min: 0, max: 5 }).map(String)
    fc.assert(
      fc.property(some, some, count, count, (snapshots, backups, keepSnapshots, keepBackups) => {
        const decided = decideRetention({
          snapshots,
          backups,
          snapshotRetention: keepSnapshots,
          backupRetention: keepBackups,
          now: NOW,
        })
        for (const [all, decisions, wanted] of [
          [snapshots, decided.snapshots, keepSnapshots],
          [backups, decided.backups, keepBackups],
        ] as const) {
          const kept = new Set(decisions.filter(({ keep }) => keep).map(({ id }) => id))
          assert.equal(decisions.length, all.length)
          for (const { id, state, isInUse } of all) {
            if (isInUse || (state !== 'completed' && state !== 'failed')) assert.ok(kept.has(id))
          }
          const good = all.filter(({ state }) => state === 'completed')
          const idle = good.filter(({ id, isInUse }) => kept.has(id) && !isInUse)
          if (wanted !== '0') {
            assert.ok(idle.length <= Number(wanted))
            assert.equal(
              good.filter(({ id }) => kept.has(id)).length >= Math.min(good.length, Number(wanted)),
              true,
            )
          }
        }
        const isSafe = (list: readonly ScheduledCopy[], decisions: typeof decided.backups) => {
          const kept = new Set(decisions.filter(({ keep }) => keep).map(({ id }) => id))
          return list.some(({ id, state }) => state === 'completed' && kept.has(id))
        }
        const all = [...snapshots, ...backups]
        if (all.some(({ state }) => state === 'completed')) {
          assert.ok(isSafe(snapshots, decided.snapshots) || isSafe(backups, decided.backups))
        }
      }),
    )
  })
})

describe('retention of streams', () => {
  const judgeStreams = (text: string, retentionMs: number | undefined) =>
    decideStreamRetention({ backups: copies(text), retentionMs, now: NOW }).map(
      ({ keep, reason }) => `${keep ? '+' : '-'}${reason}`,
    )

  test('they stay for their duration; the last completed one, and what is in use, for longer', () => {
    // One each second: those of up to two seconds ago are young enough.
    assert.deepEqual(judgeStreams('cfccfCrf', 2_000), [
      '+kept-by-age',
      '+recent-failure',
      '+kept-by-age',
      '-beyond-age',
      '-outlived-failure',
      '+in-use',
      '+not-completed',
      '-outlived-failure',
    ])
    assert.deepEqual(judgeStreams('ffffcc', 2_000), [
      ...Array(4).fill('+recent-failure'),
      '+last-good',
      '-beyond-age',
    ])
  })

  test('without a duration they stay for ever; failures go as ever', () => {
    assert.deepEqual(judgeStreams('ccf', undefined), [
      '+kept-by-age',
      '+kept-by-age',
      '-outlived-failure',
    ])
  })

  test('the last completed one never goes; of the others those that are too old, and only they', () => {
    const copy = fc.record({
      state: fc.constantFrom(...COPY_STATES),
      ageMs: fc.integer({ min: -5_000, max: 20_000 }),
      isInUse: fc.boolean(),
    })
    const some = fc.array(copy, { maxLength: 20 }).map((list) =>
      list.map(({ ageMs, ...rest }, at) => ({
        ...rest,
        id: String(at),
        createdAt: new Date(NOW.getTime() - ageMs),
      })),
    )
    fc.assert(
      fc.property(some, fc.integer({ min: 1, max: 20_000 }), (backups, retentionMs) => {
        const decisions = decideStreamRetention({ backups, retentionMs, now: NOW })
        const kept = new Set(decisions.filter(({ keep }) => keep).map(({ id }) => id))
        assert.equal(decisions.length, backups.length)
        const good = backups.filter(({ state }) => state === 'completed')
        if (good.length > 0) assert.ok(good.some(({ id }) => kept.has(id)))
        const present = good.filter(({ createdAt }) => createdAt <= NOW)
        const newest = Math.max(...present.map(({ createdAt }) => createdAt.getTime()))
        for (const { id, state, isInUse, createdAt } of backups) {
          const isOld = createdAt.getTime() < NOW.getTime() - retentionMs
          if (isInUse || (state !== 'completed' && state !== 'failed')) assert.ok(kept.has(id))
          if (state !== 'completed' || isInUse) continue
          if (!isOld) assert.ok(kept.has(id))
          else if (createdAt.getTime() < newest) assert.ok(!kept.has(id))
        }
      }),
    )
  })
})
