// Where a repository is in a bucket of an S3 server, and with which keys it is reached.

/** A bucket of an S3 server. Never logged: it holds the keys of the bucket. */
export interface S3Store {
  readonly kind: 's3'
  /** `https://host[:port]`, without bucket. */
  readonly endpoint: string
  readonly region: string
  readonly bucket: string
  /** Below which the repository is, without slashes at its ends; empty for the bucket itself. */
  readonly prefix: string
  readonly addressing: 'path' | 'virtual-host'
  readonly accessKeyID: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  /** PEM; beside the certificate authorities that the system trusts. */
  readonly certificateAuthority?: string
  /** Whether addresses of loopback and private networks may be connected to. */
  readonly mayReachPrivateNetworks: boolean
}
