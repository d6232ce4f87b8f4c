// Kubernetes label selectors: `app=mysql`, `tier != web`, `app in (a, b)`, `app notin (a)`, `app`,
// `!app`; commas outside of parentheses AND the terms.
// https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors

export type LabelRequirement =
  | { readonly operator: 'in' | 'notin'; readonly key: string; readonly values: readonly string[] }
  | { readonly operator: 'exists' | 'absent'; readonly key: string }

/** All of them must hold; none of them holds for everything. */
export type LabelSelector = readonly LabelRequirement[]

/** Undefined when the text is no selector. White space around words does not matter. */
export function parseLabelSelector(text: string): LabelSelector | undefined {
  const terms = splitTerms(text)
  if (terms === undefined) return undefined
  if (terms.length === 1 && terms[0]?.trim() === '') return []
  const requirements = terms.map(parseTerm)
  return requirements.every((requirement) => requirement !== undefined) ? requirements : undefined
}

/** As Kubernetes decides: `!=` and `notin` also hold where the key is absent. */
export function matchesLabels(
  selector: LabelSelector,
  labels: Readonly<Record<string, string>>,
): boolean {
  return selector.every((requirement) => {
    const value = Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined
    switch (requirement.operator) {
      case 'in':
        return value !== undefined && requirement.values.includes(value)
      case 'notin':
        return value === undefined || !requirement.values.includes(value)
      case 'exists':
        return value !== undefined
      case 'absent':
        return value === undefined
      default: {
        const never: never = requirement
        return never
      }
    }
  })
}

/** The text that parses to this selector. */
export function writeLabelSelector(selector: LabelSelector): string {
  return selector.map(writeRequirement).join(',')
}

const NAME = '[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?'
const PREFIX = '[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?'
const KEY = `(?:${PREFIX}/)?${NAME}`
const VALUE_PATTERN = new RegExp(`^(?:${NAME})?$`)
const KEY_PATTERN = new RegExp(`^${KEY}$`)
const EQUALITY_PATTERN = new RegExp(`^(${KEY})\\s*(==|=|!=)\\s*(.*)$`)
const SET_PATTERN = new RegExp(`^(${KEY})\\s+(in|notin)\\s*\\(([^()]*)\\)$`)

/** Undefined when a parenthesis is not closed. */
function splitTerms(text: string): string[] | undefined {
  const terms = ['']
  let isInside = false
  for (const character of text) {
    if (character === '(' || character === ')') {
      if (isInside === (character === '(')) return undefined
      isInside = character === '('
    }
    if (character === ',' && !isInside) terms.push('')
    else terms[terms.length - 1] += character
  }
  return isInside ? undefined : terms
}

function parseTerm(text: string): LabelRequirement | undefined {
  const term = text.trim()
  if (KEY_PATTERN.test(term)) return { operator: 'exists', key: term }
  if (term.startsWith('!')) {
    const key = term.slice(1).trim()
    return KEY_PATTERN.test(key) ? { operator: 'absent', key } : undefined
  }
  const [, setKey, setOperator, list] = SET_PATTERN.exec(term) ?? []
  if (setKey !== undefined) return toSet(setKey, setOperator === 'in' ? 'in' : 'notin', list ?? '')
  const [, key, operator, value] = EQUALITY_PATTERN.exec(term) ?? []
  if (key === undefined || value === undefined || !VALUE_PATTERN.test(value)) return undefined
  return { operator: operator === '!=' ? 'notin' : 'in', key, values: [value] }
}

function toSet(key: string, operator: 'in' | 'notin', list: string): LabelRequirement | undefined {
  const values = list.split(',').map((value) => value.trim())
  return values.every((value) => VALUE_PATTERN.test(value)) ? { operator, key, values } : undefined
}

function writeRequirement(requirement: LabelRequirement): string {
  const { key, operator } = requirement
  if ('values' in requirement) return `${key} ${operator} (${requirement.values.join(', ')})`
  return operator === 'exists' ? key : `!${key}`
}
