// What each failure is answered with: a documented code, in whole sentences, and as the page says.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { OPERATION_FAILURES } from '../testing/operation-failures.ts'
import { errorBody } from './envelope.ts'
import { ERROR_TITLES, type ErrorCode, statusOf } from './error-catalogue.ts'
import { type AnsweredFailure, answerFailure } from './problems.ts'

/** One failure of every code: the compiler refuses a list that lacks one. */
const FAILURES: { readonly [Code in AnsweredFailure['code']]: Failure<Code> } = {
  ...OPERATION_FAILURES,
  'hub-missing': { code: 'hub-missing' },
  'hub-wrong': { code: 'hub-wrong', hubID: 'b'.repeat(24) },
  'query-invalid': { code: 'query-invalid', parameter: 'sort', reason: 'cannot be x' },
  'page-too-large': { code: 'page-too-large', sizeMax: 1000 },
  'list-too-long': { code: 'list-too-long', lengthMax: 1000 },
  'body-not-json': { code: 'body-not-json', reason: 'It ends early.' },
  'body-not-typed': { code: 'body-not-typed', contentType: 'text/plain' },
  'body-incomplete': { code: 'body-incomplete', pointer: '/contents', reason: 'is missing' },
  'body-breaks-schema': { code: 'body-breaks-schema', pointer: '/name', reason: 'is bad' },
  'body-too-large': { code: 'body-too-large', bytesMax: 1 },
  'action-unsupported': { code: 'action-unsupported', action: 'stop' },
  'backup-not-live': { code: 'backup-not-live', backupID: 'x', state: 'saving' },
  'backup-deleting': { code: 'backup-deleting', backupID: 'x' },
  'change-unsupported': { code: 'change-unsupported', pointer: '/network', reason: 'is fixed' },
  'method-unsupported': { code: 'method-unsupported', allowed: ['GET'] },
  'path-unknown': { code: 'path-unknown' },
  'request-malformed': { code: 'request-malformed', reason: 'It is malformed.' },
  'service-not-ready': { code: 'service-not-ready', reason: 'It starts.' },
  internal: { code: 'internal' },
}

type Failure<Code> = Extract<AnsweredFailure, { code: Code }>

/** The statuses that the documents give to errors; their code for too many requests has its own. */
const STATUSES = [400, 401, 403, 404, 409, 415, 422, 429, 500, 501, 502, 503, 504]

test('every failure is answered with a documented status, in whole sentences', () => {
  for (const failure of Object.values(FAILURES)) {
    const answer = answerFailure(failure)
    assert.ok(STATUSES.includes(statusOf(answer.code)), failure.code)
    assert.match(answer.detail, /^[A-Z'a-z].*\.$/, failure.code)
    // What happened, and what to do next.
    assert.match(answer.detail, /[.:;] [A-Z]/, failure.code)
    assert.doesNotMatch(answer.detail, /undefined|\bapp\b|\baccount\b/, failure.code)
  }
})

test('every error has the member error, in both forms', () => {
  for (const failure of Object.values(FAILURES)) {
    const answer = answerFailure(failure)
    const body = errorBody(answer, 'envelope') as { readonly error: object; readonly data: null }
    assert.equal(body.data, null)
    const { capability, source } = answer
    assert.deepEqual(body.error, {
      status: statusOf(answer.code),
      code: answer.code,
      title: ERROR_TITLES[answer.code],
      detail: answer.detail,
      ...(source === undefined ? {} : { source }),
      ...(capability === undefined ? {} : { extra: { capability } }),
    })
    const isUnknownCaller = statusOf(answer.code) === 401
    const inOAuth = errorBody(answer, 'oauth') as { readonly error: unknown }
    assert.equal(typeof inOAuth.error, isUnknownCaller ? 'string' : 'object', failure.code)
    assert.equal('www-authenticate' in (answer.headers ?? {}), isUnknownCaller, failure.code)
  }
})

test('a member is pointed to as RFC 6901 writes it', () => {
  const members = [{ name: 'extra.buckets[0].name', reason: 'is bad' }]
  const { source } = answerFailure({ code: 'invalid-request', members })
  assert.equal(source, '/extra/buckets/0/name')
})

test('no code stands in the catalogue that nothing answers', () => {
  const answered = new Set(Object.values(FAILURES).map((failure) => answerFailure(failure).code))
  const codes = Object.keys(ERROR_TITLES) as ErrorCode[]
  // Kinds of what may be missing, beside the one among the failures above.
  const missing = codes.filter((code) => code.startsWith('404.'))
  assert.deepEqual(
    codes.filter((code) => !answered.has(code) && !missing.includes(code)),
    [],
  )
})

test('docs/problems.md lists exactly these codes, with the failures that they answer', () => {
  const file = new URL('../../../../docs/problems.md', import.meta.url)
  if (process.env.HOLDFAST_UPDATE_GOLDEN === '1') rewriteTable(file)
  const page = readFileSync(file, 'utf8')
  assert.deepEqual(page.split('\n').filter(isRow), tableRows())
})

function isRow(line: string): boolean {
  return /^\| `[0-9]{3}\./.test(line)
}

function rewriteTable(file: URL): void {
  const lines = readFileSync(file, 'utf8').split('\n')
  const first = lines.findIndex(isRow)
  const others = lines.filter((line) => !isRow(line))
  writeFileSync(file, others.toSpliced(first, 0, ...tableRows()).join('\n'))
}

/** `| `404.uri` | Nothing is served here | path-unknown |` */
function tableRows(): string[] {
  const codes = Map.groupBy(Object.values(FAILURES), (failure) => answerFailure(failure).code)
  return Object.entries(ERROR_TITLES).map(([code, title]) => {
    const answered = codes.get(code as ErrorCode)?.map((failure) => failure.code) ?? []
    // Which of them it is depends on the kind of what is missing.
    const failures = code.startsWith('404.') ? ['not-found', ...answered] : answered
    return `| \`${code}\` | ${title} | ${[...new Set(failures)].toSorted().join(', ')} |`
  })
}
