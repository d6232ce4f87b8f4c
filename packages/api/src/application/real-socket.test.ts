// Over a real connection: what an injected request cannot show.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { after, before, test } from 'node:test'
import { makeTestApi, type TestApi } from '../testing/test-api.ts'
import { manageApp } from '../testing/test-resources.ts'

let api: TestApi
let port: number
let base: string
let headers: Record<string, string>
before(async () => {
  api = await makeTestApi()
  await api.app.listen({ host: '127.0.0.1', port: 0 })
  port = (api.app.server.address() as AddressInfo).port
  base = `http://127.0.0.1:${port}${api.tenant.path}`
  headers = { authorization: `Bearer ${api.tenant.token}` }
})
after(() => api.close())

test('a resource is made, found at its Location, and deleted', async () => {
  const appID = await manageApp(api, 'shop')
  const made = await fetch(`${base}/k8s/v1/apps/${appID}/appBackups`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/astra-appBackup+json' },
    body: JSON.stringify({ type: 'application/astra-appBackup', version: '1.2' }),
  })
  assert.equal(made.status, 201)
  const { id } = (await made.json()) as { id: string }
  const location = made.headers.get('location') ?? ''
  assert.equal(location, `${base}/k8s/v1/apps/${appID}/appBackups/${id}`)
  const found = await fetch(location, { headers })
  assert.equal(found.headers.get('content-type'), 'application/json')
  assert.equal(found.headers.get('etag'), made.headers.get('etag'))
  const { queries } = api.database
  await queries.updateTable('backups').set({ state: 'running' }).where('id', '=', id).execute()
  const deleted = await fetch(location, { method: 'DELETE', headers })
  assert.equal(deleted.status, 204)
  assert.equal(await deleted.text(), '')
})

test('85: who sends too much still reads why, and the service goes on', async () => {
  const appID = await manageApp(api, 'large')
  const chunk = new Uint8Array(1024 * 1024).fill(0x20)
  async function* endless() {
    for (let at = 0; at < 12; at += 1) yield chunk
  }
  for (const body of [new Uint8Array(8 * 1024 * 1024).fill(0x20), endless()]) {
    const answer = await fetch(`${base}/k8s/v1/apps/${appID}/appBackups`, {
      method: 'POST',
      headers,
      body,
      duplex: 'half',
    })
    assert.equal(answer.status, 413)
    const problem = (await answer.json()) as { type: string }
    assert.equal(problem.type, 'https://astra.netapp.io/problems/85')
  }
  assert.equal((await fetch(`${base}/k8s/v2/apps`, { headers })).status, 200)
})

test('GET with a body leaves the connection in order for the next request', async () => {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  const request = (method: string, body: string) =>
    [
      `${method} ${api.tenant.path}/k8s/v2/apps HTTP/1.1`,
      `Host: 127.0.0.1:${port}`,
      `Authorization: Bearer ${api.tenant.token}`,
      'Content-Type: application/astra-schedule+json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ].join('\r\n')
  let received = ''
  socket.on('data', (chunk) => {
    received += chunk
  })
  const answers = () => received.match(/HTTP\/1\.1 200 OK/g)?.length ?? 0
  socket.write(request('GET', '{"broken'))
  socket.write(request('GET', '{}'))
  while (answers() < 2) await once(socket, 'data')
  socket.destroy()
  assert.ok(!received.includes('HTTP/1.1 4'))
})

test('7: what is no HTTP request is answered with a problem', async () => {
  const large = `GET / HTTP/1.1\r\nHost: here\r\nX-Large: ${'x'.repeat(100_000)}\r\n\r\n`
  for (const [sent, reason] of [
    ['NO SUCH METHOD\r\n\r\n', /method of the request/],
    ['GET / HTTP/1.1\r\nno header at all\r\n\r\n', /no HTTP request/],
    [large, /header of the request is too large/],
  ] as const) {
    const socket = connect(port, '127.0.0.1')
    let received = ''
    socket.on('data', (chunk) => {
      received += chunk
    })
    socket.write(sent)
    await once(socket, 'close')
    const [head = '', body = ''] = received.split('\r\n\r\n')
    assert.match(
      head,
      /^HTTP\/1\.1 400 Bad Request\r\nContent-Type: application\/problem\+json\r\n/,
    )
    const problem = JSON.parse(body) as { type: string; holdfast: { reason: string } }
    assert.equal(problem.type, 'https://astra.netapp.io/problems/7')
    assert.match(problem.holdfast.reason, reason)
  }
  assert.equal((await fetch(`${base}/k8s/v2/apps`, { headers })).status, 200)
})

test('a long list is whole JSON although it is never held whole', async () => {
  const appID = await manageApp(api, 'long')
  const rows = Array.from({ length: 1700 }, (_, at) => ({
    id: randomUUID(),
    account_id: api.tenant.accountID,
    app_id: appID,
    bucket_id: api.tenant.bucketID,
    name: `backup-${at}`,
  }))
  await api.database.queries.insertInto('backups').values(rows).execute()
  const answer = await fetch(`${base}/k8s/v1/apps/${appID}/appBackups?count=true`, { headers })
  assert.equal(answer.headers.get('content-type'), 'application/json')
  const body = (await answer.json()) as { items: { id: string }[]; metadata: { count: number } }
  assert.equal(new Set(body.items.map(({ id }) => id)).size, 1700)
  assert.equal(body.metadata.count, 1700)
})
