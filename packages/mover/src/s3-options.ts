// How the mover reaches an S3 server: only where the policy allows, and trusting whom it should.
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'
import type { S3Store } from '@holdfast/domain'
import type { S3Options } from '@holdfast/engine'
import { guardedAgents } from '@holdfast/network'

/** Idle connections do not keep the process alive, so that nobody needs to destroy the agents. */
export function s3OptionsOf(store: S3Store): S3Options {
  const { endpoint, region, bucket, prefix, addressing } = store
  const { accessKeyID, secretAccessKey, sessionToken } = store
  const isTLS = endpoint.startsWith('https:')
  const agents = guardedAgents(
    { mayReachPrivateNetworks: store.mayReachPrivateNetworks },
    { keepAlive: true, ...(isTLS ? { secureContext: trusting(store.certificateAuthority) } : {}) },
  )
  return {
    endpoint,
    region,
    bucket,
    prefix,
    addressing,
    accessKeyID,
    secretAccessKey,
    ...(sessionToken === undefined ? {} : { sessionToken }),
    agents,
  }
}

/** Node's own authorities (with NODE_EXTRA_CA_CERTS), those of the system, and the given ones. */
function trusting(certificateAuthority: string | undefined): SecureContext {
  const known = new Set([...getCACertificates('default'), ...getCACertificates('system')])
  if (certificateAuthority !== undefined) known.add(certificateAuthority)
  return createSecureContext({ ca: [...known] })
}
