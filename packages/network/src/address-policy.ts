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
  ['224.0.0.0', 4],
  ['255.255.255.255', 32],
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

/** `::ffff:a.b.c.d`, `::a.b.c.d` and the NAT64 form `64:ff9b::a.b.c.d`, however they are written. */
function embeddedIPv4(address: string): string | undefined {
  if (!isIPv6(address)) return undefined
  const canonical = new URL(`http://[${address.replace(/%.*$/, '')}]`).hostname.slice(1, -1)
  const match = /^(?:::ffff:|64:ff9b::|::)([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical)
  const [, high, low] = match ?? []
  if (high === undefined || low === undefined) return undefined
  const number = (Number.parseInt(high, 16) << 16) | Number.parseInt(low, 16)
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 0xff).join('.')
}
