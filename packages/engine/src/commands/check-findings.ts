// What check may find. Codes are stable: people and programs act on them.

/** `error`: something cannot be restored as it was, or will be lost. `hint`: worth knowing only. */
export const CHECK_CODES = {
  'key-missing': 'error',
  'key-corrupt': 'error',
  'index-corrupt': 'error',
  'pack-missing': 'error',
  'pack-truncated': 'error',
  'pack-size-wrong': 'error',
  'pack-layout-wrong': 'error',
  'pack-corrupt': 'error',
  'pack-header-wrong': 'error',
  'blob-corrupt': 'error',
  'length-mismatch': 'error',
  'snapshot-corrupt': 'error',
  'tree-missing': 'error',
  'tree-corrupt': 'error',
  'index-missing-blob': 'error',
  'file-without-content': 'error',
  'directory-without-tree': 'error',
  'nodes-unordered': 'hint',
  'file-size-differs': 'hint',
  'pack-in-several-indexes': 'hint',
  'pack-mixed': 'hint',
  'unreferenced-pack': 'hint',
  'stray-temp-file': 'hint',
} as const

export type CheckCode = keyof typeof CHECK_CODES
export type CheckSeverity = (typeof CHECK_CODES)[CheckCode]

export interface CheckFinding {
  readonly severity: CheckSeverity
  readonly code: CheckCode
  /** A sentence that names the object. */
  readonly message: string
}

/** A repository whose disk was swapped has a finding per pack: memory and reports must not grow. */
const FINDINGS_PER_CODE_MAX = 100

export class CheckFindings {
  readonly #findings: CheckFinding[] = []
  readonly #counts = new Map<CheckCode, number>()

  add(code: CheckCode, message: string): void {
    const count = (this.#counts.get(code) ?? 0) + 1
    this.#counts.set(code, count)
    if (count <= FINDINGS_PER_CODE_MAX) {
      this.#findings.push({ severity: CHECK_CODES[code], code, message })
    }
  }

  /** Errors first; of each code at most a hundred and then one that says how many more there are. */
  list(): CheckFinding[] {
    const more = [...this.#counts]
      .filter(([, count]) => count > FINDINGS_PER_CODE_MAX)
      .map(([code, count]): CheckFinding => {
        const message = `There are ${count - FINDINGS_PER_CODE_MAX} more of these.`
        return { severity: CHECK_CODES[code], code, message }
      })
    return [...this.#findings, ...more].sort((left, right) => {
      if (left.severity !== right.severity) return left.severity === 'error' ? -1 : 1
      return left.code < right.code ? -1 : left.code > right.code ? 1 : 0
    })
  }
}
