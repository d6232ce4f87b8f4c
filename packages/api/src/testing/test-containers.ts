// What tests of the container dialect need: its errors, and containers whose backups a command makes.
import assert from 'node:assert/strict'
import { hexIDOf } from '@holdfast/db'
import type { TestAnswer, TestApi } from './test-api.ts'
import { setBackup } from './test-resources.ts'

/** Fails unless the answer is the envelope of this error, with what to do next. */
export function assertContainerError(answer: TestAnswer, code: string): void {
  assert.equal(answer.body?.error?.code, code, answer.text)
  assert.equal(answer.status, Number(code.slice(0, 3)))
  assert.equal(answer.body.error.status, answer.status)
  assert.ok(answer.body.error.title, 'title is missing')
  assert.ok(answer.body.error.detail, 'detail is missing')
  assert.equal(answer.body.data, null)
}

/** Sends the container's configuration back with these backups. */
export async function configureBackups(
  api: TestApi,
  containerID: string,
  backups: object | null,
): Promise<TestAnswer> {
  const { body } = await api.callContainer('GET', `containers/${containerID}`)
  const { config } = body.data
  const contents = { ...config, integrations: { ...config.integrations, backups } }
  return api.callContainer('POST', `containers/${containerID}/tasks`, {
    body: { action: 'reconfigure', contents },
  })
}

/** A backup of what a command wrote; answers the id that the application dialect has for it. */
export async function completedStream(api: TestApi, appID: string): Promise<string> {
  const backups = { backup: { command: 'dump' }, restore: { command: 'load' }, retention: null }
  assert.equal((await configureBackups(api, hexIDOf(appID), backups)).status, 202)
  const answer = await api.call('POST', `holdfast/v1/containers/${appID}/backups`, {
    body: { type: 'application/astra-appBackup', version: '1.2' },
  })
  assert.equal(answer.status, 201, answer.text)
  await setBackup(api, answer.body.id, {
    state: 'completed',
    total_bytes: 4096,
    bytes_done: 4096,
    percent_done: 100,
    stream_snapshot_id: 'e'.repeat(64),
  })
  return answer.body.id
}
