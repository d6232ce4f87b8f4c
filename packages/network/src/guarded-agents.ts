// HTTP agents that connect only where the policy allows, decided on the address that is really
// connected to: a name that resolves to something else a moment later changes nothing.
import { lookup as systemLookup } from 'node:dns'
import { Agent as HttpAgent, type AgentOptions as HttpAgentOptions } from 'node:http'
import { Agent as HttpsAgent, type AgentOptions as HttpsAgentOptions } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { type AddressRefusal, type ReachPolicy, refusalOf } from './address-policy.ts'

export class RefusedAddressError extends Error {
  override readonly name = 'RefusedAddressError'
  readonly host: string
  readonly refusal: AddressRefusal

  constructor(host: string, refusal: AddressRefusal) {
    super(`${host} may not be connected to: ${SENTENCES[refusal]}.`)
    this.host = host
    this.refusal = refusal
  }
}

const SENTENCES: Readonly<Record<AddressRefusal, string>> = {
  'not-an-address': 'it is no IP address',
  'never-reachable': 'link-local, metadata and multicast addresses are never reached',
  'private-network':
    'it is in a loopback or private network, which this service is configured not to reach',
}

export function isRefusedAddressError(error: unknown): error is RefusedAddressError {
  return error instanceof Error && error.name === 'RefusedAddressError'
}

export interface GuardedAgents {
  readonly http: HttpAgent
  readonly https: HttpsAgent
}

/** The options' own `lookup` is replaced. */
export function guardedAgents(
  policy: ReachPolicy,
  options: HttpAgentOptions & HttpsAgentOptions = {},
): GuardedAgents {
  const guarded = { ...options, lookup: guardedLookup(policy) }
  return {
    http: refusingLiterals(new HttpAgent(guarded), policy),
    https: refusingLiterals(new HttpsAgent(guarded), policy),
  }
}

/** All addresses of a name must be allowed, since any of them may be tried. */
function guardedLookup(policy: ReachPolicy): LookupFunction {
  return (hostname, options, callback) => {
    systemLookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, '', 0)
      for (const { address } of addresses) {
        const refusal = refusalOf(address, policy)
        if (refusal !== undefined) {
          return callback(new RefusedAddressError(`${hostname} (${address})`, refusal), '', 0)
        }
      }
      if (options.all === true) return callback(null, addresses)
      const [first] = addresses
      if (first === undefined) return callback(new Error(`${hostname} has no address.`), '', 0)
      return callback(null, first.address, first.family)
    })
  }
}

/** Node looks no name up for an address: it is judged before the connection is made. */
function refusingLiterals<Agent extends HttpAgent>(agent: Agent, policy: ReachPolicy): Agent {
  const connect = agent.createConnection.bind(agent)
  agent.createConnection = (options, callback) => {
    const host = String(options.host ?? '').replace(/^\[|\]$/g, '')
    if (isIP(host) !== 0) {
      const refusal = refusalOf(host, policy)
      if (refusal !== undefined) throw new RefusedAddressError(host, refusal)
    }
    return connect(options, callback)
  }
  return agent
}
