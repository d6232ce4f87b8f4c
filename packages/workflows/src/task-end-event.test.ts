// What is told of the end of a task, for every kind of task and every end.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TaskEnd, TaskSubject } from '@holdfast/db'
import { TASK_KINDS, type TaskKind } from '@holdfast/domain'
import { eventOfTaskEnd } from './task-end-event.ts'

const ID = '11111111-1111-4111-8111-111111111111'
const USER = '22222222-2222-4222-8222-222222222222'

const RESOURCES: Readonly<Partial<Record<TaskKind, string>>> = {
  restore: 'app',
  clone: 'app',
  snapshot: 'snapshot',
  'delete-snapshot': 'snapshot',
  move: 'backup-volume',
  'schedule-run': 'schedule',
}

function subject(kind: TaskKind, members: Partial<TaskSubject> = {}): TaskSubject {
  return {
    taskID: ID,
    accountID: ID,
    kind,
    userID: USER,
    appID: ID,
    appName: 'shop',
    resourceKind: RESOURCES[kind] ?? 'backup',
    resourceID: USER,
    resourceName: 'nightly',
    isRepetition: false,
    ...members,
  }
}

const COMPLETED: TaskEnd = { state: 'completed', failure: null, stateDetails: [] }
const CANCELLED: TaskEnd = { ...COMPLETED, state: 'cancelled' }
const FAILED: TaskEnd = {
  state: 'failed',
  failure: { code: 'no-space' },
  stateDetails: [{ type: 't', title: 'no space', detail: 'Not enough space at /srv.' }],
}

/** What another one tells, what is in the resource itself, and what cannot fail. */
const TELL_NOTHING: ReadonlySet<TaskKind> = new Set(['move', 'verify-bucket', 'immediate'])

test('every failure of an operation is told to somebody, with the reason and what to do', () => {
  for (const kind of TASK_KINDS.filter((each) => !TELL_NOTHING.has(each))) {
    const event = eventOfTaskEnd(subject(kind), FAILED)
    assert.ok(event, kind)
    assert.equal(event.isNotification, true, kind)
    assert.ok(['warning', 'critical'].includes(event.severity), kind)
    assert.match(event.description, /"(shop|nightly)".*: Not enough space at \/srv\.$/)
    assert.match(event.correctiveAction ?? '', new RegExp(`\\. .*/holdfast/v1/tasks/${ID}/log$`))
  }
})

test('what is told has the form that the dialect documents', () => {
  for (const kind of TASK_KINDS) {
    for (const end of [COMPLETED, FAILED]) {
      const event = eventOfTaskEnd(subject(kind), end)
      if (event === undefined) continue
      assert.match(event.name, /^([a-z]+\.)+[a-z]+$/)
      assert.ok(event.summary.length >= 3 && event.summary.length <= 79)
      assert.match(event.source, /^[a-z-]{1,19}$/)
      assert.match(event.resourceName, /^[a-zA-Z]+$/)
      assert.match(event.resourceURI ?? '', /^(\/[-0-9a-zA-Z]+)+$/)
      assert.ok(!event.additionalResourceIDs?.includes(event.resourceID))
      assert.equal(event.class, 'user')
      if (end === COMPLETED) assert.equal(event.isNotification, undefined)
    }
  }
})

test('a cancel, the parts of an operation, and what is tried again are no news', () => {
  for (const kind of TASK_KINDS) assert.equal(eventOfTaskEnd(subject(kind), CANCELLED), undefined)
  const ofBackup = subject('snapshot', { parentKind: 'backup' })
  assert.equal(eventOfTaskEnd(ofBackup, FAILED), undefined)
  assert.equal(eventOfTaskEnd(subject('move', { parentKind: 'backup' }), FAILED), undefined)
  const scheduled = eventOfTaskEnd(subject('backup', { parentKind: 'schedule-run' }), FAILED)
  assert.equal(scheduled?.isNotification, false, 'the run tells it')
  const { userID: _nobody, ...bySystem } = subject('delete-backup', { isRepetition: true })
  assert.equal(eventOfTaskEnd(bySystem, FAILED)?.isNotification, false)
  const first = { ...bySystem, isRepetition: false }
  assert.equal(eventOfTaskEnd(first, FAILED)?.isNotification, true)
})
