// One detail of a resource's state, as it is stored and shown, and all of them as one text.

export interface StateDetail {
  readonly type: string
  /** 1 to 40 characters. */
  readonly title: string
  /** 1 to 511 characters. */
  readonly detail: string
  readonly additionalDetails?: object
}

/** What users read where there is one text for all of them. */
export function textOfDetails(details: readonly StateDetail[]): string {
  return sentencesOf(details.map(({ detail }) => detail))
}

/** The last words of a program, which many of them end with, have no full stop. */
export function sentencesOf(texts: readonly string[]): string {
  const [last = '', ...others] = texts.toReversed()
  return [...others.toReversed().map((text) => text.replace(/[^.!?:]$/, '$&.')), last].join(' ')
}
