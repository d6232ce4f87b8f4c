// Two accounts on one service: what belongs to the other does not exist. And within one account,
// what roles may do.
import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, describe, test } from 'node:test'
import {
  type Database,
  insertAccount,
  insertRoleBinding,
  insertToken,
  insertUser,
  type Role,
} from '@holdfast/db'
import { type AppBody, type CopyBody, type Listed, serviceClient } from '../service-client.ts'
import { showLogOfFailure } from '../testing/log-of-failure.ts'
import { assertProblem } from '../testing/problems.ts'
import { startTestService, type TestService } from '../testing/service.ts'

describe('accounts and roles', () => {
  let service: TestService
  let database: Database
  let app: AppBody
  let backup: CopyBody
  let snapshot: CopyBody

  before(async () => {
    service = await startTestService({ database: 'shared' })
    assert.ok(service.database)
    database = service.database
    const { client } = service
    writeFileSync(join(service.makeVolume('shop', 'data'), 'file'), 'content\n')
    app = await client.manageApp('shop', ['shop'])
    backup = await client.startBackup(app.id)
    snapshot = await client.startSnapshot(app.id)
    await client.whenCompleted(`/k8s/v1/apps/${app.id}/appBackups/${backup.id}`)
    await client.whenCompleted(`/k8s/v1/apps/${app.id}/appSnaps/${snapshot.id}`)
  })
  after(() => service.release())
  afterEach((t) => showLogOfFailure(t, service))

  test('another account does not exist', async () => {
    const accountID = await addAccount()
    const token = await addUser({ accountID, role: 'owner' })
    const { owner } = service
    const intruder = serviceClient({ ...owner, token })
    for (const path of ['/k8s/v2/apps', '/topology/v1/appBackups', '/topology/v1/buckets', '']) {
      assertProblem(await intruder.call('GET', path), 404, 2)
    }
  })

  test("ids of another account do not exist in one's own", async () => {
    const accountID = await addAccount()
    const token = await addUser({ accountID, role: 'owner' })
    const other = serviceClient({ ...service.owner, accountID, token })
    assert.deepEqual((await other.get<Listed<AppBody>>('/k8s/v2/apps')).items, [])
    assert.deepEqual((await other.get<Listed<CopyBody>>('/topology/v1/appBackups')).items, [])
    const ofApp = `/k8s/v1/apps/${app.id}`
    const items = [
      `/k8s/v2/apps/${app.id}`,
      `${ofApp}/appBackups/${backup.id}`,
      `/topology/v1/appBackups/${backup.id}`,
      `${ofApp}/appSnaps/${snapshot.id}`,
    ]
    for (const item of items) {
      assertProblem(await other.call('GET', item), 404, 2)
      assertProblem(await other.call('DELETE', item), 404, 1)
    }
    const body = { type: 'application/astra-appBackup', version: '1.2' }
    assertProblem(await other.call('POST', `${ofApp}/appBackups`, { body }), 404, 2)
    const restore = await other.startRestore(app.id, { backupID: backup.id })
    assertProblem(restore, 404, 1)
    const bucketID = await service.client.firstBucket()
    assertProblem(await other.call('GET', `/holdfast/v1/buckets/${bucketID}/repository`), 404, 2)
    // All of it is still there.
    assert.equal((await service.client.get<CopyBody>(items[1] as string)).state, 'completed')
  })

  test('a user without a role may nothing', async () => {
    const client = await clientWithRole(undefined)
    assertProblem(await client.call('GET', '/k8s/v2/apps'), 403, 11)
    assertProblem(await client.call('DELETE', `/k8s/v2/apps/${app.id}`), 403, 11)
  })

  test('a viewer reads and changes nothing', async () => {
    const client = await clientWithRole('viewer')
    assert.equal((await client.get<AppBody>(`/k8s/v2/apps/${app.id}`)).name, 'shop')
    const body = { type: 'application/astra-appBackup', version: '1.2' }
    const path = `/k8s/v1/apps/${app.id}/appBackups`
    assertProblem(await client.call('POST', path, { body }), 403, 11)
    assertProblem(await client.call('DELETE', `${path}/${backup.id}`), 403, 11)
    assertProblem(await client.startRestore(app.id, { backupID: backup.id }), 403, 11)
  })

  test('only owners and admins read the password of a repository', async () => {
    const bucketID = await service.client.firstBucket()
    const path = `/holdfast/v1/buckets/${bucketID}/repository`
    assertProblem(await (await clientWithRole('member')).call('GET', path), 403, 11)
    assert.equal((await (await clientWithRole('admin')).call('GET', path)).status, 200)
  })

  test('no token and a wrong token are told apart', async () => {
    const url = `${service.owner.url}/accounts/${service.owner.accountID}/k8s/v2/apps`
    const missing = await fetch(url)
    const [status, body] = [missing.status, await missing.json()]
    assertProblem({ status, headers: missing.headers, body }, 401, 3)
    const stranger = serviceClient({ ...service.owner, token: 'no-such-token' })
    assertProblem(await stranger.call('GET', '/k8s/v2/apps'), 401, 4)
  })

  async function clientWithRole(role: Role | undefined): Promise<ReturnType<typeof serviceClient>> {
    const { accountID } = service.owner
    return serviceClient({ ...service.owner, token: await addUser({ accountID, role }) })
  }

  async function addAccount(): Promise<string> {
    const id = randomUUID()
    await insertAccount(database, { id, name: `account ${id}`, now: new Date() })
    return id
  }

  /** Answers the user's token. */
  async function addUser(user: {
    readonly accountID: string
    readonly role: Role | undefined
  }): Promise<string> {
    const { accountID, role } = user
    const [userID, now, secret] = [randomUUID(), new Date(), randomUUID()]
    const email = `${userID}@example.com`
    await insertUser(database, { id: userID, accountID, email, firstName: '', lastName: '', now })
    if (role !== undefined) {
      await insertRoleBinding(database, { id: randomUUID(), accountID, userID, role, now })
    }
    const secretHash = createHash('sha256').update(secret).digest()
    const token = { id: randomUUID(), accountID, userID, name: 'test', secretHash, now }
    await insertToken(database, token)
    return secret
  }
})
