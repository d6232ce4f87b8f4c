export { type AddressRefusal, type ReachPolicy, refusalOf } from './address-policy.ts'
export { guardedAgents, isRefusedAddressError, RefusedAddressError } from './guarded-agents.ts'
