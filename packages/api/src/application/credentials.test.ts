// Credentials: what each type takes, what stays, and that no secret ever comes out.
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { after, afterEach, before, describe, test } from 'node:test'
import { openCredential } from '@holdfast/db'
import { verifyPassword } from '../operations/passwords.ts'
import {
  addUser,
  assertAnswersConform,
  makeTestApi,
  type TestAnswer,
  type TestApi,
} from '../testing/test-api.ts'
import { assertProblem, missingID } from '../testing/test-resources.ts'

const PATH = 'core/v1/credentials'
/** In every secret that is sent, in each of its forms. */
const CANARY = 'canary-7f3e'

/** Self-signed, made once with openssl; its key was thrown away. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBdTCCARugAwIBAgIUdZxRYefIkMGQqGgxHuvCDvgqHOAwCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjExMzIxMTdaGA8yMTI2MTAyODEzMjEx
N1owDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABBqy
g5PjPX2cW7XD9LCrGYEIpnhbxjmKAgjvZDG0yrq/EwkFnxXDLDGfJNVRfpQPu3RT
HYIVuRqUHIAW4cic2lOjUzBRMB0GA1UdDgQWBBQ7+C/81ubYrVF1haSss2XJrcgp
aTAfBgNVHSMEGDAWgBQ7+C/81ubYrVF1haSss2XJrcgpaTAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0gAMEUCIBsVebY31h86sHKaHOxjF7YIMmsl7h+brc30
vrVJn9aHAiEA5HrfO36n5rSLKA1Vf6Dkgu1AFJyTHSrYIiYkOf/EUeU=
-----END CERTIFICATE-----
`

let api: TestApi
before(async () => {
  api = await makeTestApi()
})
after(() => api.close())
afterEach(assertAnswersConform)

describe('types', () => {
  const { privateKey } = generateKeyPairSync('ed25519')
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const encrypted = privateKey
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
    .toString()

  const accepted: readonly (readonly [string | undefined, Record<string, string>])[] = [
    [undefined, { whatever: CANARY }],
    ['generic', { base64: CANARY }],
    ['generic', { bindDn: 'cn=admin', password: CANARY }],
    ['apikey', { apikey: CANARY }],
    ['kubeconfig', { base64: kubeconfigOf('https://one.example.org:6443') }],
    ['certificate', { certificate: CERTIFICATE }],
    ['privkey', { privkey: pem }],
    ['privkey', { privkey: encrypted }],
    ['s3', { accessKey: 'AK', accessSecret: CANARY }],
    ['s3', { accessKey: 'AK', accessSecret: CANARY, region: 'eu-west-1', addressing: 'path' }],
    ['s3', { accessKey: 'AK', accessSecret: CANARY, certificateAuthority: CERTIFICATE }],
  ]
  for (const [keyType, keyStore] of accepted) {
    test(`${keyType ?? 'none'} with ${Object.keys(keyStore).join(', ')}`, async () => {
      const answer = await post({ ...(keyType === undefined ? {} : { keyType }), keyStore })
      assert.equal(answer.status, 201, answer.text)
      const { body } = answer
      assert.deepEqual(
        { keyType: body.keyType, valid: body.valid, keyStore: body.keyStore },
        { keyType, valid: 'true', keyStore: undefined },
      )
      assert.equal((await api.call('GET', `${PATH}/${body.id}`)).text, answer.text)
      assert.deepEqual(await storedIn(body.id), keyStore)
    })
  }

  const refused: readonly (readonly [string | undefined, Record<string, string>, string])[] = [
    [undefined, {}, 'keyStore'],
    ['generic', {}, 'keyStore'],
    ['apikey', { key: CANARY }, 'keyStore.apikey'],
    ['certificate', { certificate: CANARY }, 'keyStore.certificate'],
    ['certificate', {}, 'keyStore.certificate'],
    ['privkey', { privkey: CANARY }, 'keyStore.privkey'],
    ['s3', { accessKey: CANARY }, 'keyStore.accessSecret'],
    ['s3', { accessSecret: CANARY }, 'keyStore.accessKey'],
    ['s3', { accessKey: 'A', accessSecret: `${CANARY} x` }, 'keyStore.accessSecret'],
    ['s3', { accessKey: 'A', accessSecret: 'b', addressing: CANARY }, 'keyStore.addressing'],
    ['s3', s3With({ certificateAuthority: CANARY }), 'keyStore.certificateAuthority'],
    [
      's3',
      s3With({ certificateAuthority: CERTIFICATE.replace('MII', 'AII') }),
      'keyStore.certificateAuthority',
    ],
    ['kubeconfig', {}, 'keyStore.base64'],
    ['kubeconfig', { base64: kubeconfigOf('https://x'), more: CANARY }, 'keyStore.more'],
    ['passwordHash', { change: 'true' }, 'keyStore.cleartext'],
  ]
  for (const [keyType, keyStore, member] of refused) {
    test(`9: ${keyType ?? 'none'} with wrong ${member} (${Object.keys(keyStore)})`, async () => {
      const answer = await post({ ...(keyType === undefined ? {} : { keyType }), keyStore })
      assertProblem(answer, 400, 9)
      const names = answer.body.invalidFields.map(({ name }: { name: string }) => name)
      assert.ok(names.includes(member), answer.text)
      assertNoSecret(answer)
    })
  }

  test('8: a value that is no base64, an unknown type, no key store', async () => {
    for (const members of [
      { keyStore: { apikey: `${CANARY}!` } },
      { keyStore: { apikey: 7 } },
      { keyType: 'password' },
      { keyStore: undefined },
      { valid: true },
      { validFromTimestamp: 'yesterday' },
    ]) {
      const answer = await api.call('POST', PATH, { body: { ...bodyOf({}), ...members } })
      assertProblem(answer, 400, 8)
      assertNoSecret(answer)
    }
  })

  test('63: what is no kubeconfig of one cluster', async () => {
    const two = JSON.parse(kubeconfigOf('https://two.example.org'))
    two.clusters.push(two.clusters[0])
    const none = JSON.stringify({ ...two, clusters: [null] })
    for (const text of [CANARY, '[]', '{}', none, JSON.stringify(two), kubeconfigOf('ftp://x')]) {
      const answer = await post({ keyType: 'kubeconfig', keyStore: { base64: text } })
      assertProblem(answer, 400, 63)
      assertNoSecret(answer)
    }
  })

  test('44: a second kubeconfig for a cluster', async () => {
    const keyStore = { base64: kubeconfigOf('https://same.example.org') }
    const first = await post({ keyType: 'kubeconfig', keyStore })
    assertProblem(await post({ keyType: 'kubeconfig', keyStore }), 409, 44)
    const other = { base64: kubeconfigOf('https://other.example.org') }
    const second = await post({ keyType: 'kubeconfig', keyStore: other })
    assert.equal(second.status, 201, second.text)
    assertProblem(await put(second.body.id, { keyStore }), 409, 44)
    assert.equal((await put(first.body.id, { keyStore })).status, 204)
  })

  test('9: a time that ends before it begins', async () => {
    const times = {
      validFromTimestamp: '2026-02-01T00:00:00Z',
      validUntilTimestamp: '2026-01-01T00:00:00Z',
    }
    assertProblem(await post({ keyStore: { a: 'b' }, ...times }), 400, 9)
    const { body } = await post({
      keyStore: { a: 'b' },
      validUntilTimestamp: '2026-01-01T00:00:00,5Z',
    })
    assert.equal(body.validUntilTimestamp, '2026-01-01T00:00:00Z')
    const late = { keyStore: { a: 'b' }, validFromTimestamp: '2026-02-01T00:00:00Z' }
    assertProblem(await put(body.id, late), 400, 9)
  })
})

describe('changes', () => {
  test('a type that was not given can be given once, and then stays', async () => {
    const { body } = await post({ keyStore: { apikey: 'a' } })
    assert.equal((await put(body.id, { keyStore: { apikey: 'b' } })).status, 204)
    assert.equal((await get(body.id)).keyType, undefined)
    const typed = { keyType: 'apikey', keyStore: { apikey: 'c' } }
    assertProblem(await put(body.id, { keyType: 'apikey', keyStore: { other: 'c' } }), 400, 9)
    assert.equal((await put(body.id, typed)).status, 204)
    assert.equal((await put(body.id, typed)).status, 204)
    assert.equal((await put(body.id, { keyStore: { apikey: 'd' } })).status, 204)
    assert.equal((await get(body.id)).keyType, 'apikey')
    assert.deepEqual(await storedIn(body.id), { apikey: 'd' })
    assertProblem(await put(body.id, { keyType: 's3', keyStore: s3With({}) }), 409, 10)
    // Its own type is what a key store is checked against.
    assertProblem(await put(body.id, { keyStore: { accessKey: 'a' } }), 400, 9)
  })

  test('names, labels and the time of validity are replaced; what is absent stays', async () => {
    const { body } = await post({ keyStore: { a: 'b' }, metadata: { labels: [LABEL] } })
    const change = { name: 'renamed', valid: 'false', keyStore: { a: 'b' } }
    assert.equal((await put(body.id, change)).status, 204)
    const changed = await get(body.id)
    assert.deepEqual([changed.name, changed.valid], ['renamed', 'false'])
    assert.deepEqual(changed.metadata.labels, [LABEL])
    assert.equal(changed.metadata.modifiedBy, api.tenant.userID)
  })

  test('412: If-Match of another state; nothing is changed', async () => {
    const { body, headers } = await post({ keyStore: { a: 'b' } })
    const change = { name: 'other', keyStore: { a: 'c' } }
    const stale = await put(body.id, change, { 'if-match': '"0"' })
    assertProblem(stale, 412, 38)
    assert.deepEqual(await storedIn(body.id), { a: 'b' })
    assert.equal((await put(body.id, change, { 'if-match': headers.etag ?? '' })).status, 204)
  })

  test('deleted, it is gone, and the database holds nothing of it', async () => {
    const { body } = await post({ keyStore: { a: 'b' } })
    assert.equal((await api.call('DELETE', `${PATH}/${body.id}`)).status, 204)
    assertProblem(await api.call('GET', `${PATH}/${body.id}`), 404, 2)
    assertProblem(await api.call('DELETE', `${PATH}/${body.id}`), 404, 1)
    assertProblem(await put(body.id, { keyStore: { a: 'b' } }), 404, 1)
    assert.equal(await storedIn(body.id), undefined)
  })

  test('11: members and viewers read, and do not write', async () => {
    const { body } = await post({ keyStore: { a: 'b' } })
    for (const role of ['viewer', 'member'] as const) {
      const { token } = await addUser(api.database, api.tenant.accountID, role)
      assert.equal((await api.call('GET', `${PATH}/${body.id}`, { token })).status, 200)
      assertProblem(await api.call('POST', PATH, { body: bodyOf({}), token }), 403, 11)
      const path = `${PATH}/${body.id}`
      assertProblem(await api.call('PUT', path, { body: bodyOf({}), token }), 403, 11)
      assertProblem(await api.call('DELETE', path, { token }), 403, 11)
    }
    const { token } = await addUser(api.database, api.tenant.accountID, 'admin')
    assert.equal((await api.call('DELETE', `${PATH}/${body.id}`, { token })).status, 204)
  })
})

describe('passwords', () => {
  const password = `${CANARY} first`

  test('a password is hashed with its user, and nothing else of it is kept', async () => {
    const { userID } = await addUser(api.database, api.tenant.accountID, 'member')
    const answer = await postPassword(userID.toUpperCase(), password, { change: 'true' })
    assert.equal(answer.status, 201, answer.text)
    assert.equal(answer.body.name, userID)
    assert.deepEqual(await storedIn(answer.body.id), {})
    const user = await userRow(userID)
    assert.equal(user.is_password_change_needed, true)
    assert.ok(await verifyPassword(password, user.password_hash ?? ''))
    assertProblem(await postPassword(userID, 'another one'), 409, 39)
  })

  test('a new one ends the sessions; the same one is 81', async () => {
    const { userID } = await addUser(api.database, api.tenant.accountID, 'member')
    const { body } = await postPassword(userID, password)
    const sessionID = missingID()
    await api.database.queries
      .insertInto('sessions')
      .values({
        id: sessionID,
        account_id: api.tenant.accountID,
        user_id: userID,
        secret_hash: Buffer.from(sessionID),
        expires_at: new Date('2030-01-01'),
      })
      .execute()
    assertProblem(await putPassword(body.id, userID, password), 400, 81)
    assert.equal((await putPassword(body.id, userID, 'the second one')).status, 204)
    const user = await userRow(userID)
    assert.equal(user.is_password_change_needed, false)
    assert.ok(await verifyPassword('the second one', user.password_hash ?? ''))
    const session = await api.database.queries
      .selectFrom('sessions')
      .select('ended_at')
      .where('id', '=', sessionID)
      .executeTakeFirstOrThrow()
    assert.deepEqual(session.ended_at, api.clock.now)
  })

  test('9: no such user, a short password, a change that is neither', async () => {
    const { userID } = await addUser(api.database, api.tenant.accountID, 'member')
    assertProblem(await postPassword(missingID(), password), 400, 9)
    assertProblem(await postPassword('jane', password), 400, 9)
    assertProblem(await postPassword(userID, 'short'), 400, 9)
    assertProblem(await postPassword(userID, password, { change: 'perhaps' }), 400, 9)
    const { queries } = api.database
    const user = queries.updateTable('users').where('id', '=', userID)
    await user.set({ auth_provider: 'ldap' }).execute()
    assertProblem(await postPassword(userID, password), 400, 9)
  })

  test('10: its user stays its user, and it stays while the user does', async () => {
    const { userID } = await addUser(api.database, api.tenant.accountID, 'member')
    const other = await addUser(api.database, api.tenant.accountID, 'member')
    const { body } = await postPassword(userID, password)
    assertProblem(await putPassword(body.id, other.userID, 'something else'), 409, 10)
    assertProblem(await api.call('DELETE', `${PATH}/${body.id}`), 409, 10)
    assert.equal((await userRow(other.userID)).password_hash, null)
  })

  test('11: nobody sets the password of somebody who may more', async () => {
    const admin = await addUser(api.database, api.tenant.accountID, 'admin')
    const owner = await addUser(api.database, api.tenant.accountID, 'owner')
    const { token } = admin
    assertProblem(await postPassword(owner.userID, password, { token }), 403, 11)
    const made = await postPassword(owner.userID, password)
    assertProblem(await putPassword(made.body.id, owner.userID, 'taken over!', { token }), 403, 11)
    assert.ok(await verifyPassword(password, (await userRow(owner.userID)).password_hash ?? ''))
    assert.equal((await postPassword(admin.userID, password, { token })).status, 201)
  })
})

test('11: a higher role in some namespaces is none over those who have it everywhere', async () => {
  const { accountID } = api.tenant
  const owner = await addUser(api.database, accountID, 'owner')
  const admin = await addUser(api.database, accountID, 'admin')
  const limited = {
    type: 'application/astra-roleBinding',
    version: '1.1',
    accountID,
    userID: admin.userID,
    role: 'owner',
    roleConstraints: ['namespaces:*.*'],
  }
  assert.equal((await api.call('POST', 'core/v1/roleBindings', { body: limited })).status, 201)
  const { token } = admin
  assertProblem(await postPassword(owner.userID, 'taken over by it', { token }), 403, 11)
  assert.equal((await userRow(owner.userID)).password_hash, null)
})

test('lists and filters show everything but the key store', async () => {
  const { body } = await post({ keyType: 'apikey', keyStore: { apikey: CANARY }, name: 'listed' })
  const query = "filter=name%20eq%20'listed'&include=id,keyType,valid"
  const { body: list } = await api.call('GET', `${PATH}?${query}`)
  assert.deepEqual(list.items, [[body.id, 'apikey', 'true']])
  assertProblem(await api.call('GET', `${PATH}?include=keyStore`), 400, 5)
  assertProblem(await api.call('GET', `${PATH}?filter=keyStore%20eq%20'x'`), 400, 5)
  assertNoSecret(await api.call('GET', PATH))
})

test('no secret is in the log, nor readable in the database', async () => {
  assert.ok(api.log.length > 0)
  assertNoSecret({ text: JSON.stringify(api.log) })
  const { rows } = await api.database.pool.query(
    'select credentials::text as text from credentials union all select users::text from users',
  )
  for (const { text } of rows) assertNoSecret({ text })
})

const LABEL = { name: 'astra.netapp.io/labels/read-only/credType', value: 's3' }

function bodyOf(members: object) {
  return {
    type: 'application/astra-credential',
    version: '1.1',
    name: 'a credential',
    keyStore: { apikey: Buffer.from(CANARY).toString('base64') },
    ...members,
  }
}

interface SentMembers {
  readonly keyStore: Readonly<Record<string, string>>
  readonly [member: string]: unknown
}

function encoded({ keyStore, ...members }: SentMembers): object {
  const entries = Object.entries(keyStore)
  const values = entries.map(([name, value]) => [name, Buffer.from(value).toString('base64')])
  return bodyOf({ ...members, keyStore: Object.fromEntries(values) })
}

function post(members: SentMembers, token = api.tenant.token): Promise<TestAnswer> {
  return api.call('POST', PATH, { body: encoded(members), token })
}

function put(
  id: string,
  members: SentMembers,
  headers: Readonly<Record<string, string>> = {},
  token = api.tenant.token,
): Promise<TestAnswer> {
  return api.call('PUT', `${PATH}/${id}`, { body: encoded(members), headers, token })
}

async function get(id: string) {
  return (await api.call('GET', `${PATH}/${id}`)).body
}

interface PasswordOptions {
  readonly change?: string
  readonly token?: string
}

function passwordMembers(name: string, cleartext: string, { change }: PasswordOptions) {
  const keyStore = { cleartext, ...(change === undefined ? {} : { change }) }
  return { keyType: 'passwordHash', name, keyStore }
}

function postPassword(name: string, cleartext: string, options: PasswordOptions = {}) {
  return post(passwordMembers(name, cleartext, options), options.token)
}

function putPassword(id: string, name: string, cleartext: string, options: PasswordOptions = {}) {
  return put(id, passwordMembers(name, cleartext, options), {}, options.token)
}

function userRow(userID: string) {
  return api.database.queries
    .selectFrom('users')
    .select(['password_hash', 'is_password_change_needed'])
    .where('id', '=', userID)
    .executeTakeFirstOrThrow()
}

async function storedIn(id: string): Promise<Record<string, string> | undefined> {
  const { database, sealing, tenant } = api
  const opened = await openCredential(database, sealing, { accountID: tenant.accountID, id })
  if (opened === undefined) return undefined
  const entries = Object.entries(opened.keyStore)
  return Object.fromEntries(
    entries.map(([name, value]) => [name, Buffer.from(value, 'base64').toString()]),
  )
}

function assertNoSecret({ text }: { readonly text: string }): void {
  assert.ok(!text.includes(CANARY), text)
  assert.ok(!text.includes(Buffer.from(CANARY).toString('base64').slice(0, 12)), text)
}

function s3With(members: Readonly<Record<string, string>>): Record<string, string> {
  return { accessKey: 'AK', accessSecret: CANARY, ...members }
}

function kubeconfigOf(server: string): string {
  return JSON.stringify({
    clusters: [{ name: 'c', cluster: { server } }],
    users: [{ name: 'u', user: { token: CANARY } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
  })
}
