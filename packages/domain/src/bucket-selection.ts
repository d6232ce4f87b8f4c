// Which bucket holds a new backup or snapshot when the request names none.

export interface BucketCandidate {
  readonly id: string
  readonly state: 'pending' | 'available' | 'failed' | 'removed' | 'unknown'
}

export interface BucketSelectionInput {
  readonly buckets: readonly BucketCandidate[]
  readonly clusterDefaultID: string | null
  readonly cloudDefaultID: string | null
  /** A backup may go to any available bucket; a snapshot's description only to a default one. */
  readonly mayUseAny: boolean
}

/** The cluster's default, else the cloud's, else any available one; undefined: none is left. */
export function selectBucket(input: BucketSelectionInput): string | undefined {
  const available = input.buckets.filter((bucket) => bucket.state === 'available')
  const isAvailable = (id: string | null) => available.some((bucket) => bucket.id === id)
  if (input.clusterDefaultID !== null && isAvailable(input.clusterDefaultID)) {
    return input.clusterDefaultID
  }
  if (input.cloudDefaultID !== null && isAvailable(input.cloudDefaultID)) {
    return input.cloudDefaultID
  }
  return input.mayUseAny ? available[0]?.id : undefined
}
