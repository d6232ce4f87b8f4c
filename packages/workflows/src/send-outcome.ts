// What became of one try to deliver.

export type SendOutcome =
  | { readonly kind: 'sent' }
  /** It may succeed later. `reason` is a sentence without anything secret. */
  | { readonly kind: 'failed'; readonly reason: string }
  /** It makes no sense to try again. */
  | { readonly kind: 'refused'; readonly reason: string }
