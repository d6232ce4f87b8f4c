// Whether a caller has a capability, and how far: what the container dialect asks before a deed.
import type { Grant } from '@holdfast/db'
import {
  CAPABILITIES,
  type Capability,
  capabilitiesBeyond,
  includesCapability,
  type RoleCapabilities,
  reachOf,
} from '@holdfast/domain'
import type { Caller } from './caller.ts'
import { OperationError } from './operation-failure.ts'

/**
 * What is about containers and what belongs to them: a role whose reach is limited is enough, as far
 * as it reaches. Everything else belongs to the hub, and needs `*`.
 */
function isWithinReach(capability: Capability): boolean {
  return (
    capability.startsWith('containers-') ||
    capability === 'apionly-jobs-view' ||
    // As in the other dialect: where copies of what is in reach lie may be read.
    capability === 'hubs-integrations-view'
  )
}

/**
 * Fails with `capability-missing`; answers the caller with the reach that they have for the
 * capability. What is beyond it is not there for them, so they see no further either.
 */
export function checkCapability(caller: Caller, capability: Capability): Caller {
  const granting = caller.grants.filter(({ hubRole }) =>
    includesCapability(hubRole.capabilities, capability),
  )
  const grants = isWithinReach(capability) ? granting : granting.filter(isUnlimited)
  if (grants.length === 0) {
    const outOfReach = granting.length > 0 ? { isOutOfReach: true as const } : {}
    throw new OperationError({ code: 'capability-missing', capability, ...outOfReach })
  }
  const reach = reachOf(grants.flatMap(({ constraints }) => constraints))
  return { ...caller, sees: reach, actsOn: reach }
}

/**
 * Nobody gives what they do not have in the whole hub: fails with `capabilities-not-held`. `all` is
 * more than every one of them: it makes an owner.
 */
export function checkGiven(caller: Caller, given: RoleCapabilities): void {
  const held = capabilitiesOf(caller)
  if (held.all) return
  const beyond = capabilitiesBeyond(given, held)
  if (!given.all && beyond.length === 0) return
  const capabilities = beyond.length === 0 ? CAPABILITIES : beyond
  throw new OperationError({ code: 'capabilities-not-held', capabilities })
}

function capabilitiesOf({ grants }: Caller): RoleCapabilities {
  const held = grants.filter(isUnlimited).map(({ hubRole }) => hubRole.capabilities)
  if (held.some(({ all }) => all)) return { all: true, specific: [] }
  return { all: false, specific: held.flatMap(({ specific }) => specific) }
}

/** Of roles as high as one's own, and lower ones: fails with `role-above-caller`. */
export function refuseHigherRole(
  caller: Caller,
  { identifier, rank }: { readonly identifier: string; readonly rank: number },
): void {
  const rankMax = hubRankOf(caller)
  if (rank <= rankMax) return
  throw new OperationError({ code: 'role-above-caller', identifier, rank, rankMax })
}

/** Of the highest role that the caller has in the whole hub; -1 without any. */
export function hubRankOf({ grants }: Caller): number {
  return Math.max(-1, ...grants.filter(isUnlimited).map(({ hubRole }) => hubRole.rank))
}

function isUnlimited({ constraints }: Grant): boolean {
  return reachOf(constraints).isUnlimited
}
