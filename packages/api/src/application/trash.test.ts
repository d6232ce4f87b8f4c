// The trash: what a removed app leaves in it, how it comes back, how it goes for good.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import {
  addTenant,
  addUser,
  assertAnswersConform,
  makeTestApi,
  type TestApi,
} from '../testing/test-api.ts'
import {
  assertProblem,
  completedBackup,
  completedSnapshot,
  manageApp,
  missingID,
  setApp,
  tasksOf,
} from '../testing/test-resources.ts'

let api: TestApi
before(async () => {
  api = await makeTestApi()
})
after(() => api.close())
afterEach(assertAnswersConform)

async function removedApp(name: string) {
  const appID = await manageApp(api, name)
  const backupID = await completedBackup(api, appID)
  const snapshotID = await completedSnapshot(api, appID)
  await endTasks(appID)
  assert.equal((await api.call('DELETE', `k8s/v2/apps/${appID}`)).status, 204)
  return { appID, backupID, snapshotID }
}

/** What the workflows would do. */
async function endTasks(appID: string): Promise<void> {
  const { queries } = api.database
  const ended = { state: 'completed' as const }
  await queries.updateTable('tasks').set(ended).where('app_id', '=', appID).execute()
}

function restore(id: string) {
  return api.call('POST', `holdfast/v1/trash/${id}/restore`)
}

async function trashOf(appID: string): Promise<string[]> {
  const path = `holdfast/v1/trash?include=kind,id&filter=appID eq '${appID}'`
  const { body } = await api.call('GET', path)
  return body.items.map(([kind, id]: string[]) => `${kind} ${id}`).toSorted()
}

test('a removed app and its copies are in the trash for seven days, and nowhere else', async () => {
  const { appID, backupID, snapshotID } = await removedApp('removed')
  const wanted = [`app ${appID}`, `appBackup ${backupID}`, `appSnap ${snapshotID}`]
  assert.deepEqual(await trashOf(appID), wanted.toSorted())
  const { body } = await api.call('GET', `holdfast/v1/trash/${backupID}`)
  assert.partialDeepStrictEqual(body, {
    type: 'application/holdfast-trashItem',
    kind: 'appBackup',
    state: 'completed',
    appName: 'removed',
    removedTimestamp: '2026-05-04T10:20:30Z',
    purgeTimestamp: '2026-05-11T10:20:30Z',
  })
  assertProblem(await api.call('GET', `topology/v1/appBackups/${backupID}`), 404, 2)
  const clone = { type: 'application/astra-app', version: '2.2', name: 'x', backupID }
  const { clusterID } = api.tenant
  assertProblem(await api.call('POST', 'k8s/v2/apps', { body: { ...clone, clusterID } }), 400, 74)
})

test('an app comes back with its copies, its schedules switched off', async () => {
  const appID = await manageApp(api, 'returning')
  const scheduleID = missingID()
  await api.database.queries
    .insertInto('schedules')
    .values({
      id: scheduleID,
      account_id: api.tenant.accountID,
      app_id: appID,
      name: 'nightly',
      granularity: 'hourly',
      snapshot_retention: '1',
      backup_retention: '1',
      next_run_at: new Date(),
    })
    .execute()
  const backupID = await completedBackup(api, appID)
  const snapshotID = await completedSnapshot(api, appID)
  assert.equal((await api.call('DELETE', `k8s/v2/apps/${appID}`)).status, 204)
  const schedule = await api.database.queries
    .selectFrom('schedules')
    .select(['is_enabled', 'next_run_at'])
    .where('id', '=', scheduleID)
    .executeTakeFirst()
  assert.deepEqual(schedule, { is_enabled: false, next_run_at: null })
  assert.equal((await restore(appID)).status, 204)
  assert.deepEqual(await trashOf(appID), [])
  for (const path of [
    `k8s/v2/apps/${appID}`,
    `k8s/v1/apps/${appID}/appBackups/${backupID}`,
    `k8s/v1/apps/${appID}/appSnaps/${snapshotID}`,
  ]) {
    assert.equal((await api.call('GET', path)).status, 200)
  }
  assertProblem(await restore(appID), 404, 2)
})

test('an app whose namespaces another app has meanwhile stays in the trash', async () => {
  const { appID } = await removedApp('contested')
  const other = await manageApp(api, 'contested')
  assertProblem(await restore(appID), 409, 136)
  assert.equal((await api.call('DELETE', `k8s/v2/apps/${other}`)).status, 204)
  assert.equal((await restore(appID)).status, 204)
})

test('an app of a cluster that is not managed any more waits until it is again', async () => {
  const { appID, backupID } = await removedApp('unhoused')
  const { clusterID } = api.tenant
  const manage = async (state: 'managed' | 'unmanaged') => {
    const { queries } = api.database
    const change = { managed_state: state }
    await queries.updateTable('clusters').set(change).where('id', '=', clusterID).execute()
  }
  await manage('unmanaged')
  const refused = await restore(appID)
  assertProblem(refused, 409, 164)
  assert.match(refused.body.holdfast.remedy, /^Manage the cluster/)
  assert.equal((await trashOf(appID)).length, 3)
  assert.equal((await restore(backupID)).status, 204)
  await manage('managed')
  assert.equal((await restore(appID)).status, 204)
})

test('a backup comes back without its app, is a source of clones, and can be deleted', async () => {
  const { appID, backupID, snapshotID } = await removedApp('alone')
  assertProblem(await restore(snapshotID), 409, 164)
  assert.equal((await restore(backupID)).status, 204)
  assert.equal((await api.call('GET', `topology/v1/appBackups/${backupID}`)).status, 200)
  assertProblem(await api.call('GET', `k8s/v1/apps/${appID}/appBackups/${backupID}`), 404, 2)
  const body = {
    type: 'application/astra-app',
    version: '2.2',
    name: 'alone-again',
    clusterID: api.tenant.clusterID,
    backupID,
  }
  const made = await api.call('POST', 'k8s/v2/apps', { body })
  assert.equal(made.status, 201, made.text)
  await endTasks(made.body.id)
  // The app goes for good; the backup keeps what it needs of it.
  assert.equal((await api.call('DELETE', `holdfast/v1/trash/${appID}`)).status, 204)
  assert.deepEqual(await trashOf(appID), [])
  assertProblem(await restore(appID), 404, 2)
  const purged = await tasksOf(api, snapshotID)
  assert.equal(purged.at(-1)?.kind, 'delete-snapshot')
  assert.equal((await api.call('GET', `topology/v1/appBackups/${backupID}`)).status, 200)
  assert.equal((await api.call('DELETE', `topology/v1/appBackups/${backupID}`)).status, 204)
})

test('an item in use stays; deleting a copy leaves the rest in the trash', async () => {
  const { appID, backupID, snapshotID } = await removedApp('used')
  const cloneID = await manageApp(api, 'clone')
  await setApp(api, cloneID, { state: 'provisioning' })
  const reading = { kind: 'backup', id: backupID }
  const task = {
    id: missingID(),
    account_id: api.tenant.accountID,
    kind: 'clone',
    workflow_id: `clone:${missingID()}`,
    app_id: cloneID,
    name: 'holdfast.clone',
    summary: 'x',
    description: 'x',
    resource_kind: 'app',
    resource_id: missingID(),
    input: JSON.stringify({ source: reading }),
  }
  await api.database.queries.insertInto('tasks').values(task).execute()
  for (const id of [appID, backupID]) {
    assertProblem(await api.call('DELETE', `holdfast/v1/trash/${id}`), 409, 142)
  }
  assert.equal((await api.call('DELETE', 'holdfast/v1/trash')).status, 204)
  assert.equal((await trashOf(appID)).length, 3)
  await api.database.queries
    .updateTable('tasks')
    .set({ state: 'completed' })
    .where('id', '=', task.id)
    .execute()
  assert.equal((await api.call('DELETE', `holdfast/v1/trash/${snapshotID}`)).status, 204)
  const left = [`app ${appID}`, `appBackup ${backupID}`]
  assert.deepEqual(await trashOf(appID), left)
  assert.equal((await api.call('DELETE', 'holdfast/v1/trash')).status, 204)
  assert.deepEqual(await trashOf(appID), [])
  assert.equal((await tasksOf(api, backupID)).at(-1)?.kind, 'delete-backup')
})

test('an app without copies is gone at once; with no days of trash it goes with its removal', async () => {
  const appID = await manageApp(api, 'bare')
  assert.equal((await api.call('DELETE', `k8s/v2/apps/${appID}`)).status, 204)
  assert.equal((await api.call('DELETE', `holdfast/v1/trash/${appID}`)).status, 204)
  const rows = () =>
    api.database.queries.selectFrom('apps').select('id').where('id', '=', appID).execute()
  assert.deepEqual(await rows(), [])
  await api.call('GET', 'core/v1/settings')
  await api.database.queries
    .updateTable('settings')
    .set({ current_config: JSON.stringify({ days: 0 }) })
    .where('name', '=', 'holdfast.trash')
    .where('account_id', '=', api.tenant.accountID)
    .execute()
  const removed = await removedApp('immediate')
  assert.deepEqual(await trashOf(removed.appID), [])
  const [kind] = (await tasksOf(api, removed.backupID)).map((it) => it.kind).toReversed()
  assert.equal(kind, 'delete-backup')
  await api.database.queries.deleteFrom('settings').execute()
})

test('the trash is its account’s, and a viewer may only look', async () => {
  const { appID } = await removedApp('guarded')
  const { token } = await addUser(api.database, api.tenant.accountID, 'viewer')
  assert.equal((await api.call('GET', `holdfast/v1/trash/${appID}`, { token })).status, 200)
  const path = `holdfast/v1/trash/${appID}`
  assertProblem(await api.call('DELETE', path, { token }), 403, 11)
  assertProblem(await api.call('POST', `${path}/restore`, { token }), 403, 11)
  assertProblem(await api.call('DELETE', 'holdfast/v1/trash', { token }), 403, 11)
  const other = await addTenant(api.database)
  const foreign = await api.call('GET', `${other.path}/holdfast/v1/trash/${appID}`, {
    token: other.token,
  })
  assertProblem(foreign, 404, 2)
})
