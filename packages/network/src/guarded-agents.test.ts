import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { refusalOf } from './address-policy.ts'
import { guardedAgents, isRefusedAddressError } from './guarded-agents.ts'

const OPEN = { mayReachPrivateNetworks: true }
const CLOSED = { mayReachPrivateNetworks: false }
const INDIRECT = ['2002:a00:1::1', '64:ff9b::7f00:1', '64:ff9b:1::1', '2001:0:1::1', 'fec0::1']

test('metadata and link-local addresses are refused in every notation', () => {
  for (const address of [
    '169.254.169.254',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '0:0:0:0:0:ffff:a9fe:a9fe',
    '64:ff9b::a9fe:a9fe',
    '::a9fe:a9fe',
    '::ffff:0:a9fe:a9fe',
    '2002:a9fe:a9fe::1',
    '168.63.129.16',
    '::ffff:168.63.129.16',
    '250.0.0.1',
    'fe80::1%eth0',
    'fd00:ec2::254',
    '0.0.0.0',
    '::',
    '100.100.100.200',
    '224.0.0.1',
  ]) {
    assert.equal(refusalOf(address, OPEN), 'never-reachable', address)
  }
})

test('private networks are refused by the setting alone', () => {
  for (const address of [
    '127.0.0.1',
    '::1',
    '10.1.2.3',
    '192.168.0.1',
    '172.31.0.1',
    'fd12::1',
    ...INDIRECT,
  ]) {
    assert.equal(refusalOf(address, CLOSED), 'private-network', address)
    assert.equal(refusalOf(address, OPEN), undefined, address)
  }
  for (const address of ['8.8.8.8', '2606:4700::1111', '172.32.0.1', '::ffff:8.8.8.8']) {
    assert.equal(refusalOf(address, CLOSED), undefined, address)
  }
  assert.equal(refusalOf('localhost', OPEN), 'not-an-address')
})

test('a connection is refused by name and by address, and made where allowed', async () => {
  const server = createServer((_, response) => response.end('here')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  try {
    for (const host of ['localhost', '127.0.0.1']) {
      const refused = await statusOf(`http://${host}:${port}/`, CLOSED)
      assert.ok(isRefusedAddressError(refused), String(refused))
      assert.equal(refused.refusal, 'private-network')
    }
    assert.equal(await statusOf(`http://127.0.0.1:${port}/`, OPEN), 200)
  } finally {
    server.closeAllConnections()
    server.close()
  }
})

function statusOf(url: string, policy: { readonly mayReachPrivateNetworks: boolean }) {
  const { http } = guardedAgents(policy)
  return new Promise<unknown>((resolve) => {
    try {
      const request = get(url, { agent: http }, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      request.on('error', resolve)
    } catch (error) {
      resolve(error)
    }
  })
}
