// Which addresses the service may connect to when a user names the target.
//
// Metadata services and link-local addresses are never reached: what answers there gives away the
// machine's own credentials. Loopback and private networks are a setting, since a self-hosted
// object store often lives there.
import { BlockList, isIPv4, isIPv6 } from 'node:net'

export interface ReachPolicy {
  readonly mayReachPrivateNetworks: boolean
}

export type AddressRefusal = 'not-an-address' | 'never-reachable' | 'private-network'

/** `[network, prefix length]` */
type Subnet = readonly [string, number]

const NEVER: readonly Subnet[] = [
  ['0.0.0.0', 8],
  // Link-local; 169.254.169.254 is the metadata service of most clouds.
  ['169.254.0.0', 16],
  // Alibaba Cloud's metadata service.
  ['100.100.100.200', 32],
  // Oracle Cloud's metadata service.
  ['192.0.0.192', 32],
  // Azure's platform service, which gives away the configuration and the keys of a machine.
  ['168.63.129.16', 32],
  ['224.0.0.0', 4],
  // Reserved, with the broadcast address at its end.
  ['240.0.0.0', 4],
  ['::', 128],
  ['fe80::', 10],
  ['ff00::', 8],
  // AWS's metadata service over IPv6.
  ['fd00:ec2::254', 128],
]

const PRIVATE: readonly Subnet[] = [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['::1', 128],
  ['fc00::', 7],
  // NAT64 of a network's own and tunnels, which lead to whatever is at their other end.
  ['64:ff9b:1::', 48],
  ['2001::', 32],
  // Site-local: deprecated, and still routed where it is in use.
  ['fec0::', 10],
]

const never = blockListOf(NEVER)
const privateNetworks = blockListOf(PRIVATE)

/** Undefined: the address may be connected to. IPv4 inside IPv6 is judged as IPv4. */
export function refusalOf(address: string, policy: ReachPolicy): AddressRefusal | undefined {
  const plain = embeddedIPv4(address) ?? address.replace(/%.*$/, '')
  const family = isIPv4(plain) ? 'ipv4' : isIPv6(plain) ? 'ipv6' : undefined
  if (family === undefined) return 'not-an-address'
  if (never.check(plain, family)) return 'never-reachable'
  if (!policy.mayReachPrivateNetworks && privateNetworks.check(plain, family)) {
    return 'private-network'
  }
  return undefined
}

function blockListOf(subnets: readonly Subnet[]): BlockList {
  const list = new BlockList()
  for (const [network, prefix] of subnets) {
    list.addSubnet(network, prefix, isIPv4(network) ? 'ipv4' : 'ipv6')
  }
  return list
}

/** IPv6 addresses whose last 32 bits are an IPv4 address, by the groups before these. */
const PREFIXES_OF_IPV4: ReadonlySet<string> = new Set([
  // IPv4-compatible, IPv4-mapped and IPv4-translated (RFC 4291, RFC 2765).
  '0:0:0:0:0:0',
  '0:0:0:0:0:ffff',
  '0:0:0:0:ffff:0',
  // NAT64 (RFC 6052).
  '64:ff9b:0:0:0:0',
])

/** However it is written; also the address of a 6to4 router. */
function embeddedIPv4(address: string): string | undefined {
  if (!isIPv6(address)) return undefined
  const groups = groupsOf(address)
  const [first, second = '0', third = '0'] = groups
  if (first === '2002') return ipv4Of(second, third)
  const [high = '0', low = '0'] = groups.slice(6)
  // `::` and `::1` are addresses of their own.
  const isPlain = high === '0' && groups.slice(0, 6).every((group) => group === '0')
  return !isPlain && PREFIXES_OF_IPV4.has(groups.slice(0, 6).join(':'))
    ? ipv4Of(high, low)
    : undefined
}

/** All eight, lower case and without leading zeros. */
function groupsOf(address: string): readonly string[] {
  const canonical = new URL(`http://[${address.replace(/%.*$/, '')}]`).hostname.slice(1, -1)
  const [head = [], tail] = canonical
    .split('::')
    .map((part) => part.split(':').filter((group) => group !== ''))
  if (tail === undefined) return head
  return [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail]
}

function ipv4Of(high: string, low: string): string {
  const number = (Number.parseInt(high, 16) << 16) | Number.parseInt(low, 16)
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 0xff).join('.')
}
