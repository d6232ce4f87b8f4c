// Apps, snapshots and backups that tests need, made through the API and put into any state.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type NewEvent, recordEvent } from '@holdfast/db'
import { hostWith, type TestAnswer, type TestApi } from './test-api.ts'

export async function manageApp(api: TestApi, namespace: string): Promise<string> {
  const present = api.host.seen.namespaces.map(({ name }) => name)
  api.host.seen = hostWith(...new Set([...present, namespace]))
  const answer = await api.call('POST', 'k8s/v2/apps', {
    body: {
      type: 'application/astra-app',
      version: '2.2',
      name: namespace,
      clusterID: api.tenant.clusterID,
      namespaceScopedResources: [{ namespace }],
    },
  })
  assert.equal(answer.status, 201, answer.text)
  return answer.body.id
}

export function postBackup(api: TestApi, appID: string, members: object = {}): Promise<TestAnswer> {
  return api.call('POST', `k8s/v1/apps/${appID}/appBackups`, {
    body: { type: 'application/astra-appBackup', version: '1.2', ...members },
  })
}

export function postSnapshot(
  api: TestApi,
  appID: string,
  members: object = {},
): Promise<TestAnswer> {
  return api.call('POST', `k8s/v1/apps/${appID}/appSnaps`, {
    body: { type: 'application/astra-appSnap', version: '1.3', ...members },
  })
}

export function putApp(
  api: TestApi,
  appID: string,
  members: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<TestAnswer> {
  return api.call('PUT', `k8s/v2/apps/${appID}`, {
    body: { type: 'application/astra-app', version: '2.2', ...members },
    headers,
  })
}

/** What the workflow would do, as far as the API sees it. */
export async function setBackup(api: TestApi, id: string, change: object): Promise<void> {
  await api.database.queries.updateTable('backups').set(change).where('id', '=', id).execute()
}

export async function setSnapshot(api: TestApi, id: string, change: object): Promise<void> {
  const { queries } = api.database
  await queries.updateTable('application_snapshots').set(change).where('id', '=', id).execute()
}

export async function setApp(api: TestApi, id: string, change: object): Promise<void> {
  await api.database.queries.updateTable('apps').set(change).where('id', '=', id).execute()
}

export async function completedBackup(api: TestApi, appID: string): Promise<string> {
  const { body } = await postBackup(api, appID)
  await setBackup(api, body.id, { state: 'completed' })
  return body.id
}

export async function completedSnapshot(api: TestApi, appID: string): Promise<string> {
  const { body } = await postSnapshot(api, appID)
  await setSnapshot(api, body.id, { state: 'completed' })
  return body.id
}

export async function tasksOf(api: TestApi, resourceID: string) {
  return api.database.queries
    .selectFrom('tasks')
    .selectAll()
    .where('resource_id', '=', resourceID)
    .orderBy('created_at')
    .execute()
}

/** A notification with everything that an event can have; answers its id. */
export async function tellNotification(
  api: TestApi,
  members: Partial<NewEvent> = {},
): Promise<string> {
  const { accountID, userID, clusterID } = api.tenant
  const event: NewEvent = {
    id: randomUUID(),
    accountID,
    name: 'holdfast.backup.failed',
    summary: 'Application backup failed',
    description: 'The backup "nightly" of the app "shop" failed: the bucket is full.',
    source: 'holdfast',
    severity: 'critical',
    class: 'user',
    eventTime: api.clock.now,
    correlationID: randomUUID(),
    resourceID: clusterID,
    resourceName: 'cluster',
    resourceURI: `/accounts/${accountID}/topology/v1/clusters/${clusterID}`,
    additionalResourceIDs: [api.tenant.cloudID],
    correctiveAction: 'Make room in the bucket.',
    isNotification: true,
    userID,
    remoteAddress: '192.0.2.7',
    method: 'post',
    methodResult: '201',
    ...members,
  }
  await recordEvent(api.database, event)
  return event.id
}

export function postWebhook(api: TestApi, members: object = {}): Promise<TestAnswer> {
  return api.call('POST', 'holdfast/v1/webhooks', {
    body: {
      type: 'application/holdfast-webhook',
      version: '1.0',
      name: 'pager',
      url: 'https://hooks.example.org/holdfast',
      secret: WEBHOOK_SECRET,
      ...members,
    },
  })
}

export const WEBHOOK_SECRET = `whsec_${Buffer.alloc(32, 5).toString('base64')}`

export function postHookSource(api: TestApi, members: object = {}): Promise<TestAnswer> {
  return api.call('POST', 'core/v1/hookSources', {
    body: {
      type: 'application/astra-hookSource',
      version: '1.0',
      name: `source-${randomUUID()}`,
      sourceType: 'script',
      source: Buffer.from('#!/bin/sh\ntrue\n').toString('base64'),
      ...members,
    },
  })
}

export function hookBody(members: object): object {
  return {
    type: 'application/astra-executionHook',
    version: '1.3',
    hookType: 'custom',
    action: 'snapshot',
    stage: 'pre',
    ...members,
  }
}

export function postHook(
  api: TestApi,
  { appID, ...members }: { readonly appID: string; readonly hookSourceID: string } & object,
): Promise<TestAnswer> {
  return api.call('POST', `k8s/v1/apps/${appID}/executionHooks`, {
    body: hookBody({ name: `hook-${randomUUID()}`, appID, ...members }),
  })
}

/** Fails unless the answer is this problem, complete with what to do next. */
export function assertProblem(answer: TestAnswer, status: number, problem: number): void {
  assert.equal(answer.status, status, answer.text)
  assert.equal(answer.headers['content-type'], 'application/problem+json')
  assert.equal(answer.body.type, `https://astra.netapp.io/problems/${problem}`, answer.text)
  assert.equal(answer.body.status, String(status))
  for (const member of ['title', 'detail', 'correlationID']) {
    assert.ok(answer.body[member], `${member} is missing`)
  }
  for (const member of ['resource', 'reason', 'remedy']) {
    assert.ok(answer.body.holdfast[member], `holdfast.${member} is missing`)
  }
}

export function missingID(): string {
  return randomUUID()
}
