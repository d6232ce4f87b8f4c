// The problems against their documents: literal texts, published titles, and every answer complete.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { OPERATION_FAILURES } from '../testing/operation-failures.ts'
import { PROBLEMS, type ProblemNumber } from './problem-catalogue.ts'
import { type AnsweredFailure, answerFailure } from './problems.ts'

/** As the published documents print them, line breaks of the page joined. */
const LITERAL: Readonly<Partial<Record<ProblemNumber, readonly [number, string, string]>>> = {
  1: [404, 'Resource not found', "The resource specified in the request URI wasn't found."],
  2: [404, 'Collection not found', "The collection specified in the request URI wasn't found."],
  3: [401, 'Missing bearer token', 'The request is missing the required bearer token.'],
  5: [400, 'Invalid query parameters', 'The supplied query parameters are invalid.'],
  10: [
    409,
    'JSON resource conflict',
    'The request body JSON contains a field that conflicts with an idempotent value.',
  ],
  11: [403, 'Operation not permitted', "The requested operation isn't permitted."],
  94: [500, 'Backup not created', "The backup wasn't created because of an internal server issue."],
  95: [
    500,
    'Backup not retrieved',
    "The backup wasn't retrieved because of an internal server issue.",
  ],
  96: [500, 'Backups not listed', "The backups didn't list because of an internal server issue."],
  97: [500, 'Backup not deleted', "The backup wasn't deleted because of an internal server issue."],
  128: [409, 'Backup cancellation not allowed', "A pending backup can't be canceled."],
  144: [
    409,
    'Backup in progress',
    "The snapshot wasn't deleted because it is currently being used by a backup.",
  ],
}

/** The last of the published catalogue. */
const NUMBER_MAX = 177

/** One failure of every code: the compiler refuses a list that lacks one. */
const FAILURES: { readonly [Code in AnsweredFailure['code']]: Failure<Code> } = {
  ...OPERATION_FAILURES,
  'path-unknown': { code: 'path-unknown' },
  'method-unsupported': { code: 'method-unsupported', allowed: ['GET'] },
  'query-invalid': { code: 'query-invalid', parameters: [{ name: 'limit', reason: 'is bad' }] },
  'query-unsupported': { code: 'query-unsupported', parameters: [{ name: 'x', reason: 'is bad' }] },
  'body-not-json': { code: 'body-not-json', reason: 'It ends early.' },
  'body-breaks-schema': {
    code: 'body-breaks-schema',
    members: [{ name: 'name', reason: 'is required' }],
    report: 'name is required',
  },
  'body-too-large': { code: 'body-too-large', limitBytes: 1 },
  'request-malformed': { code: 'request-malformed', reason: 'It is malformed.' },
  'precondition-failed': { code: 'precondition-failed', header: 'If-Match' },
  'service-not-ready': { code: 'service-not-ready', reason: 'It starts.' },
  internal: { code: 'internal' },
}

type Failure<Code> = Extract<AnsweredFailure, { code: Code }>

test('literal texts are literal', () => {
  for (const [number, [status, title, detail]] of Object.entries(LITERAL)) {
    const problem = PROBLEMS[Number(number) as ProblemNumber]
    assert.deepEqual(problem, { status, title, detail })
  }
})

test('every failure is answered with what happened and what to do next, in whole sentences', () => {
  for (const failure of Object.values(FAILURES)) {
    for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
      const answer = answerFailure(failure, { method, internalProblem: 94 })
      assert.ok(answer.problem in PROBLEMS)
      for (const sentence of [answer.reason, answer.remedy]) {
        assert.match(sentence, /^[A-Za-z].*\.$/, `${failure.code}: ${sentence}`)
      }
      assert.notEqual(answer.resource, '')
    }
  }
})

test('problems about parameters and fields name them', () => {
  for (const failure of Object.values(FAILURES)) {
    const answer = answerFailure(failure, { method: 'POST', internalProblem: 94 })
    const byFields: readonly ProblemNumber[] = [8, 9, 10, 46, 108, 111, 127, 143, 176]
    if (byFields.includes(answer.problem)) assert.ok(answer.invalidFields?.length, failure.code)
    if (answer.problem === 5 || answer.problem === 6) assert.ok(answer.invalidParams?.length)
  }
})

test('no problem stands in the catalogue that nothing answers', () => {
  const answered = new Set<number>(
    Object.values(FAILURES).flatMap((failure) =>
      ['GET', 'PUT'].map(
        (method) => answerFailure(failure, { method, internalProblem: 94 }).problem,
      ),
    ),
  )
  const unanswered = Object.entries(PROBLEMS)
    .filter(([number, { status }]) => status !== 500 && !answered.has(Number(number)))
    .map(([number]) => number)
  assert.deepEqual(unanswered, [])
})

test('docs/problems.md lists exactly these problems, with the failures that they answer', () => {
  const file = new URL('../../../../docs/problems.md', import.meta.url)
  if (process.env.HOLDFAST_UPDATE_GOLDEN === '1') rewriteTable(file)
  const page = readFileSync(file, 'utf8')
  const listed = page.split('\n').filter((line) => /^\| [0-9]/.test(line))
  assert.deepEqual(listed, tableRows())
})

test('every number of the catalogue is answered, or docs/coming-from-astra-control.md says why not', () => {
  const file = new URL('../../../../docs/coming-from-astra-control.md', import.meta.url)
  const explained = readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => /^\| ([0-9][0-9, –]*) \|/.exec(line)?.[1]?.split(', ') ?? [])
    .flatMap((range) => {
      const [first = 0, last = first] = range.split('–').map(Number)
      return Array.from({ length: last - first + 1 }, (_, at) => first + at)
    })
  const answered = Object.keys(PROBLEMS).map(Number)
  const numbers = [...explained, ...answered].toSorted((one, other) => one - other)
  assert.deepEqual(
    numbers,
    Array.from({ length: NUMBER_MAX }, (_, at) => at + 1),
    'a number that is answered now must leave the table of those that do not occur',
  )
})

function rewriteTable(file: URL): void {
  const lines = readFileSync(file, 'utf8').split('\n')
  const isRow = (line: string) => /^\| [0-9]/.test(line)
  const first = lines.findIndex(isRow)
  const others = lines.filter((line) => !isRow(line))
  writeFileSync(file, others.toSpliced(first, 0, ...tableRows()).join('\n'))
}

/** `| 46 | 400 | Snapshot not found | snapshot-not-found, snapshot-not-restorable |` */
function tableRows(): string[] {
  const codes = new Map<number, Set<string>>()
  for (const failure of Object.values(FAILURES)) {
    for (const method of ['GET', 'PUT']) {
      const { problem } = answerFailure(failure, { method, internalProblem: 34 })
      codes.set(problem, (codes.get(problem) ?? new Set()).add(failure.code))
    }
  }
  return Object.entries(PROBLEMS).map(([number, { status, title }]) => {
    const answered = [...(codes.get(Number(number)) ?? ['internal'])].toSorted().join(', ')
    return `| ${number} | ${status} | ${title} | ${answered} |`
  })
}
