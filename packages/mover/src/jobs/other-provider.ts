// Whether an S3 server is the product that the user said it is, as far as it tells.
import { type BucketFinding, type BucketProvider, isAwsEndpoint } from '@holdfast/domain'

export interface OtherProviderInput {
  readonly provider: BucketProvider
  readonly endpoint: string
  /** The `Server` header of its answers. */
  readonly server: string | undefined
}

/**
 * Amazon's servers always name themselves, or are known by their address. Those of NetApp may
 * stand behind a proxy that names itself: only the name of another object store is proof.
 */
export function findOtherProvider({
  provider,
  endpoint,
  server,
}: OtherProviderInput): BucketFinding[] {
  const said = server ?? ''
  switch (provider) {
    case 'aws':
      return isAwsEndpoint(endpoint) || AWS.test(said) ? [] : [other('Amazon S3', server)]
    case 'ontap-s3':
      return OTHERS.test(said) || STORAGEGRID.test(said) ? [other('ONTAP', server)] : []
    case 'storagegrid-s3':
      return OTHERS.test(said) || ONTAP.test(said) ? [other('StorageGRID', server)] : []
    case 'generic-s3':
    case 'local':
      return []
    default: {
      const never: never = provider
      return never
    }
  }
}

const AWS = /^AmazonS3/i
const STORAGEGRID = /StorageGRID/i
const ONTAP = /NetApp Release|ONTAP/i
const OTHERS = /^(AmazonS3|MinIO|VERSITYGW|Ceph|SeaweedFS|Garage|RustFS|UploadServer|Wasabi)/i

function other(wanted: string, server: string | undefined): BucketFinding {
  const found =
    server === undefined ? 'does not name itself' : `calls itself “${server.slice(0, 80)}”`
  const detail = `The server is not ${wanted}: it ${found}. Choose the provider generic-s3, or another server.`
  return { code: 'wrong-provider', detail }
}
