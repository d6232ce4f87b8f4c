import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CommandEnd } from '@holdfast/domain'
import fc from 'fast-check'
import { fit, SENTENCE_LENGTH_MAX, sentencesOf, stateDetailsOf } from './failure-sentence.ts'
import type { WorkflowFailure, WorkflowFailureCode } from './workflow-failure.ts'

/** One of each; a new code does not compile until it is here. */
function samples(text: string, count: number): Record<WorkflowFailureCode, WorkflowFailure> {
  const volume = `/shop/${text}`
  const place = { path: text, reason: text, volume }
  const space = { path: text, freeBytes: count, neededBytes: count }
  return {
    cancelled: { code: 'cancelled', cancelledBy: text },
    'app-not-found': { code: 'app-not-found', appID: text },
    'copy-not-found': { code: 'copy-not-found', copyID: text },
    'copy-not-completed': { code: 'copy-not-completed', copyID: text, state: text },
    'app-without-volumes': { code: 'app-without-volumes', app: text },
    'cluster-unreachable': { code: 'cluster-unreachable', cluster: text },
    'bucket-not-supported': { code: 'bucket-not-supported', bucket: text },
    'bucket-not-usable': { code: 'bucket-not-usable', bucket: text, reason: text },
    'bucket-not-verified': { code: 'bucket-not-verified', bucket: text, reason: text },
    'command-not-configured': { code: 'command-not-configured', app: text },
    'no-bucket-available': { code: 'no-bucket-available', app: text, reason: text },
    'copy-incomplete': {
      code: 'copy-incomplete',
      missed: Array.from({ length: 20 }, () => ({ path: text, reason: text })),
      missedCount: count,
      volume,
    },
    'restore-incomplete': { code: 'restore-incomplete', expected: count, found: count, volume },
    'hook-failed': {
      code: 'hook-failed',
      hook: text,
      namespace: text,
      action: 'snapshot',
      stage: 'pre',
      reason: text,
    },
    'command-failed': {
      code: 'command-failed',
      end: { kind: 'not-started', reason: text },
      report: { durationMs: count, streamedBytes: count, stderr: text, isStderrCut: false },
      outputTail: text,
    },
    'command-refused': { code: 'command-refused', namespace: text, reason: text },
    'command-interrupted': { code: 'command-interrupted', reason: text },
    'database-unreachable': { code: 'database-unreachable', reason: text },
    'workflow-lost': { code: 'workflow-lost' },
    'invariant-broken': { code: 'invariant-broken', reason: text },
    'repository-locked': {
      code: 'repository-locked',
      lockedBy: text,
      lockedAt: text,
      exclusive: true,
    },
    'repository-unreachable': { code: 'repository-unreachable', reason: text },
    'repository-refused': { code: 'repository-refused', reason: text },
    'repository-not-found': { code: 'repository-not-found', location: text },
    'repository-damaged': { code: 'repository-damaged', reason: text },
    'wrong-password': { code: 'wrong-password' },
    'no-space': { code: 'no-space', ...space },
    'source-vanished': { code: 'source-vanished', path: text, volume },
    'source-unreadable': { code: 'source-unreadable', ...place },
    'target-not-writable': { code: 'target-not-writable', ...place },
    'snapshot-not-found': { code: 'snapshot-not-found', repositorySnapshotID: text, volume },
    'verification-failed': { code: 'verification-failed', ...place },
    'lock-lost': { code: 'lock-lost', reason: text },
    stopped: { code: 'stopped', volume },
    'mover-died': { code: 'mover-died', exitCode: count, signal: null, volume },
    'invalid-job': { code: 'invalid-job', reason: text },
    'source-not-copied': { code: 'source-not-copied', reason: text },
    'namespace-not-of-app': { code: 'namespace-not-of-app', namespace: text },
    'namespace-not-found': { code: 'namespace-not-found', namespace: text },
    'namespace-exists': { code: 'namespace-exists', namespace: text },
    'volume-not-found': { code: 'volume-not-found', namespace: text, key: text },
    'volume-in-use': {
      code: 'volume-in-use',
      processes: [{ pid: count, command: text, namespace: text, key: text }],
    },
    'not-enough-space': { code: 'not-enough-space', ...space },
    'snapshot-failed': { code: 'snapshot-failed', ...place },
    'exchange-failed': { code: 'exchange-failed', ...place },
    'platform-unreachable': { code: 'platform-unreachable', reason: text },
  }
}

test('whatever a failure says, its sentences fit and are never empty', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 400, unit: 'binary' }), fc.nat(), (text, count) => {
      for (const failure of Object.values(samples(text, count))) {
        const sentences = sentencesOf(failure)
        assert.ok(sentences.length > 0)
        assert.equal(new Set(sentences).size, sentences.length)
        for (const sentence of sentences) {
          assert.ok(sentence.length > 0 && sentence.length <= SENTENCE_LENGTH_MAX, sentence)
          assert.ok(sentence.isWellFormed(), sentence)
        }
        for (const { title } of stateDetailsOf(failure)) assert.ok(title.length <= 40)
      }
    }),
  )
})

test('what to do next survives a long path', () => {
  const [sentence] = sentencesOf({
    code: 'source-vanished',
    path: '/a/very/long/path'.repeat(30),
    volume: '/shop/data',
  })
  assert.match(sentence ?? '', /; try again\.$/)
})

test('missed entries are named after the count', () => {
  const sentences = sentencesOf({
    code: 'copy-incomplete',
    missed: [{ path: 'orders.db', reason: 'EIO' }],
    missedCount: 1,
    volume: '/shop/data',
  })
  assert.deepEqual(sentences, [
    'Not captured: 1 of the entries (volume /shop/data). Make them readable and try again.',
    'Not captured: /shop/data/orders.db (EIO)',
  ])
})

test('how a command failed, and the end of what it said', () => {
  const sentence = (end: CommandEnd, stderr: string, outputTail?: string) => {
    const report = { durationMs: 5, streamedBytes: 0, stderr, isStderrCut: false }
    const tail = outputTail === undefined ? {} : { outputTail }
    return sentencesOf({ code: 'command-failed', end, report, ...tail })
  }
  const exited = { kind: 'exited', exitCode: 3 } as const
  const report = { durationMs: 5, streamedBytes: 0, stderr: `${'why '.repeat(60)}!` }
  const [{ detail = '' } = {}] = stateDetailsOf({
    code: 'command-failed',
    end: exited,
    report: { ...report, isStderrCut: false },
  })
  assert.ok(detail.endsWith(`: ${report.stderr}`) && detail.length > 200, detail)
  assert.deepEqual(sentence(exited, ''), ['The command failed with exit code 3.'])
  assert.deepEqual(sentence(exited, 'no such\n database\n', 'unread'), [
    'The command failed with exit code 3: no such database',
  ])
  assert.deepEqual(sentence(exited, '', 'tells\nit here'), [
    'The command failed with exit code 3: tells it here',
  ])
  assert.deepEqual(sentence({ kind: 'killed', signal: 'SIGTERM' }, ''), [
    'The command was ended by SIGTERM.',
  ])
  assert.deepEqual(sentence({ kind: 'timed-out', timeoutMs: 30_000 }, ''), [
    'The command did not end within 30 seconds and was stopped.',
  ])
  const [long = ''] = sentence(exited, `${'chatter '.repeat(99)}the reason`)
  assert.ok(long.endsWith('the reason') && long.length === SENTENCE_LENGTH_MAX, long)
})

test('a cancel names who asked', () => {
  assert.deepEqual(sentencesOf({ code: 'cancelled', cancelledBy: 'Ann' }), ['cancelled by Ann'])
  assert.deepEqual(sentencesOf({ code: 'cancelled' }), ['cancelled by the system'])
})

test('several long parts are shortened together', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 300 }), fc.string({ maxLength: 300 }), (one, other) => {
      const sentence = fit`The volume ${one} is not ${other}.`
      assert.ok(sentence.length <= SENTENCE_LENGTH_MAX)
      assert.ok(sentence.startsWith('The volume ') && sentence.endsWith('.'))
    }),
  )
})
