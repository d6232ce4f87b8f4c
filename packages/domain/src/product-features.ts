// What this version of the product can do and what it cannot, as flags that clients ask for.

export interface ProductFeature {
  readonly name: string
  readonly isEnabled: boolean
}

export const PRODUCT_FEATURES: readonly ProductFeature[] = [
  { name: 'astra.account.ldap', isEnabled: false },
  { name: 'astra.account.rbac', isEnabled: true },
  { name: 'astra.account.smtp', isEnabled: true },
  { name: 'astra.app.executionHooks', isEnabled: true },
  { name: 'astra.app.replication', isEnabled: false },
  { name: 'holdfast.bucket.azure', isEnabled: false },
  { name: 'holdfast.bucket.gcp', isEnabled: false },
  { name: 'holdfast.bucket.local', isEnabled: true },
  { name: 'holdfast.bucket.s3', isEnabled: true },
  { name: 'holdfast.cluster.docker', isEnabled: false },
  { name: 'holdfast.cluster.host', isEnabled: true },
  { name: 'holdfast.cluster.kubernetes', isEnabled: false },
  { name: 'holdfast.trash', isEnabled: true },
  { name: 'holdfast.webhooks', isEnabled: true },
]
