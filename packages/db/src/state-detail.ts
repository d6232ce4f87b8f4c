// One detail of a resource's state, as it is stored and shown.

export interface StateDetail {
  readonly type: string
  /** 1 to 40 characters. */
  readonly title: string
  /** 1 to 511 characters. */
  readonly detail: string
  readonly additionalDetails?: object
}
