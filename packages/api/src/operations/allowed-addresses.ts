// From where an API key may be used: addresses and networks (CIDR), of IPv4 and IPv6.
import { BlockList, isIP } from 'node:net'

type Family = 'ipv4' | 'ipv6'

interface Network {
  readonly address: string
  readonly prefix: number
  readonly family: Family
}

/** Is it an address, or a network as `192.0.2.0/24`? */
export function isAddressOrNetwork(text: string): boolean {
  return readNetwork(text) !== undefined
}

/** An element that cannot be read allows nothing, and neither does an address that is none. */
export function isAddressAllowed(address: string, allowed: readonly string[]): boolean {
  const list = new BlockList()
  for (const text of allowed) {
    const network = readNetwork(text)
    if (network !== undefined) list.addSubnet(network.address, network.prefix, network.family)
  }
  // What a client's own system calls its interface says nothing here.
  const asked = readNetwork(address.replace(/%.*$/, ''))
  return asked !== undefined && list.check(asked.address, asked.family)
}

const V4_BITS = 32
const V6_BITS = 128
const MAPPED_BITS = V6_BITS - V4_BITS

function readNetwork(text: string): Network | undefined {
  const [, address = '', digits] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const version = isIP(address)
  if (version === 0) return undefined
  const bits = version === 4 ? V4_BITS : V6_BITS
  const prefix = digits === undefined ? bits : Number(digits)
  if (prefix > bits) return undefined
  if (version === 4) return { address, prefix, family: 'ipv4' }
  // A socket that listens to both shows clients of IPv4 as ::ffff:192.0.2.1 (RFC 4291, 2.5.5.2).
  const mapped = readMapped(address)
  if (mapped === undefined || prefix < MAPPED_BITS) return { address, prefix, family: 'ipv6' }
  return { address: mapped, prefix: prefix - MAPPED_BITS, family: 'ipv4' }
}

/** The IPv4 address that is written as one of IPv6, in any of the ways of writing it. */
function readMapped(address: string): string | undefined {
  // The parser of URLs writes every IPv6 address in its one canonical form.
  const canonical = URL.parse(`http://[${address}]`)?.hostname ?? ''
  const [, high, low] = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(canonical) ?? []
  if (high === undefined || low === undefined) return undefined
  return [Number.parseInt(high, 16), Number.parseInt(low, 16)]
    .flatMap((part) => [part >> 8, part & 0xff])
    .join('.')
}
