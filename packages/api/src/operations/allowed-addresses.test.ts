// Lists of addresses against a model that counts bits; what clients, proxies and users write.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isAddressAllowed, isAddressOrNetwork } from './allowed-addresses.ts'

interface Address {
  readonly bits: 32 | 128
  readonly value: bigint
}

const V4 = fc
  .bigInt({ min: 0n, max: 2n ** 32n - 1n })
  .map((value) => ({ bits: 32, value }) as const)
const V6 = fc
  .bigInt({ min: 0n, max: 2n ** 128n - 1n })
  // Those that stand for addresses of IPv4 are a test of their own.
  .filter((value) => value >> 32n !== 0xffffn)
  .map((value) => ({ bits: 128, value }) as const)

const network = (address: fc.Arbitrary<Address>) =>
  address.chain((base) =>
    fc.integer({ min: 0, max: base.bits }).map((prefix) => ({ ...base, prefix })),
  )

/** One that is likely to be near the edge of the network. */
const near = ({ bits, value, prefix }: Address & { readonly prefix: number }) =>
  fc.oneof(
    fc.nat({ max: bits - 1 }).map((bit) => ({ bits, value: value ^ (1n << BigInt(bit)) })),
    fc.constant({ bits, value }),
    fc.constant({
      bits,
      value: value ^ ((1n << BigInt(Math.max(0, bits - prefix))) % 2n ** BigInt(bits)),
    }),
  )

test('an address is allowed exactly when its leading bits are those of a network', () => {
  const asked = fc
    .oneof(network(V4), network(V6))
    .chain((one) => fc.tuple(fc.constant(one), near(one)))
  fc.assert(
    fc.property(asked, ([{ prefix, ...base }, address]) => {
      const shift = BigInt(base.bits - prefix)
      const isInside = base.value >> shift === address.value >> shift
      const list = ['198.51.100.7', `${written(base)}/${prefix}`]
      const isOther = written(address) === '198.51.100.7'
      assert.equal(isAddressAllowed(written(address), list), isInside || isOther)
    }),
  )
})

test('a client of IPv4 is the same however a socket shows it, and however a list names it', () => {
  fc.assert(
    fc.property(network(V4), (one) => {
      const address = written(one)
      const mapped = `::ffff:${address}`
      const hex = `::FFFF:${(one.value >> 16n).toString(16)}:${(one.value & 0xffffn).toString(16)}`
      for (const client of [address, mapped, hex]) {
        assert.ok(isAddressAllowed(client, [`${address}/${one.prefix}`]), client)
        assert.ok(isAddressAllowed(client, [`${mapped}/${96 + one.prefix}`]), client)
        assert.ok(isAddressAllowed(client, [hex]), client)
      }
    }),
  )
})

test('families are apart, and a list that allows nothing allows nobody', () => {
  assert.equal(isAddressAllowed('2001:db8::1', ['0.0.0.0/0']), false)
  assert.equal(isAddressAllowed('192.0.2.1', ['2001:db8::/32']), false)
  assert.equal(isAddressAllowed('192.0.2.1', ['::/0']), true, 'which is everywhere')
  assert.equal(isAddressAllowed('192.0.2.1', []), false)
  assert.equal(isAddressAllowed('192.0.2.1', ['nonsense', '192.0.2.0/33']), false)
  assert.equal(isAddressAllowed('', ['0.0.0.0/0', '::/0']), false)
  assert.equal(isAddressAllowed('unix', ['0.0.0.0/0', '::/0']), false)
  assert.equal(isAddressAllowed('fe80::1%eth0', ['fe80::/10']), true)
})

test('what is written as an address or a network is taken, and nothing else', () => {
  const good = ['192.0.2.1', '192.0.2.0/24', '0.0.0.0/0', '2001:db8::1', '2001:db8::/32', '::/0']
  const bad = ['', 'example.org', '192.0.2', '192.0.2.1/33', '2001:db8::/129', '192.0.2.1/']
  const odd = ['192.0.2.1/-1', '192.0.2.1/2x', ' 192.0.2.1', '192.0.2.1-9', '192.0.2.*', '/24']
  const scoped = ['fe80::1%eth0', '192.0.2.1/24/24', '192.0.2.1/255.255.255.0', '010.0.0.1']
  for (const text of good) assert.equal(isAddressOrNetwork(text), true, text)
  for (const text of [...bad, ...odd, ...scoped])
    assert.equal(isAddressOrNetwork(text), false, text)
})

function written({ bits, value }: Address): string {
  const size = bits === 32 ? 8n : 16n
  const parts = Array.from({ length: bits === 32 ? 4 : 8 }, (_, at) => {
    const shift = BigInt(bits) - size * BigInt(at + 1)
    return (value >> shift) & (2n ** size - 1n)
  })
  return bits === 32 ? parts.join('.') : parts.map((part) => part.toString(16)).join(':')
}
