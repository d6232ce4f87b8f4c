// The problems against their documents: literal texts, published titles, and every answer complete.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
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
  'token-missing': { code: 'token-missing' },
  'token-invalid': { code: 'token-invalid' },
  'user-disabled': { code: 'user-disabled', email: 'a@example.org' },
  'address-not-allowed': { code: 'address-not-allowed', address: '192.0.2.1' },
  'capability-missing': { code: 'capability-missing', capability: 'containers-view' },
  'not-permitted': { code: 'not-permitted', permission: 'read', role: 'none', needed: 'viewer' },
  'not-found': { code: 'not-found', kind: 'app', id: 'x' },
  'audit-unavailable': { code: 'audit-unavailable' },
  'key-bound-to-addresses': { code: 'key-bound-to-addresses' },
  'role-above-caller': { code: 'role-above-caller', identifier: 'x', rank: 9, rankMax: 8 },
  'capabilities-not-held': { code: 'capabilities-not-held', capabilities: ['containers-view'] },
  'role-fixed': { code: 'role-fixed', identifier: 'x', reason: 'It is fixed.' },
  'role-identifier-taken': { code: 'role-identifier-taken', identifier: 'x' },
  'role-in-use': { code: 'role-in-use', identifier: 'x', apiKeys: 2 },
  'too-many': { code: 'too-many', kind: 'role', countMax: 100 },
  'login-refused': { code: 'login-refused' },
  'login-throttled': { code: 'login-throttled', retryAfterSeconds: 7 },
  'password-change-needed': { code: 'password-change-needed', email: 'a@example.org' },
  'cross-site-request': { code: 'cross-site-request', origin: 'https://example.org' },
  'email-taken': { code: 'email-taken', email: 'a@example.org' },
  'last-owner': { code: 'last-owner', accountID: 'x' },
  'account-not-active': { code: 'account-not-active', accountID: 'x', state: 'pending' },
  'directory-not-connected': { code: 'directory-not-connected', member: 'authProvider' },
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
  'invalid-request': { code: 'invalid-request', members: [{ name: 'x', reason: 'is bad' }] },
  'fixed-value-changed': {
    code: 'fixed-value-changed',
    resource: 'app x',
    members: [{ name: 'id', reason: 'cannot be changed' }],
  },
  'backup-name-taken': { code: 'backup-name-taken', appID: 'x', name: 'y' },
  'snapshot-name-taken': { code: 'snapshot-name-taken', appID: 'x', name: 'y' },
  'bucket-not-found': { code: 'bucket-not-found', bucketID: 'x' },
  'bucket-not-available': { code: 'bucket-not-available', bucketID: 'x', state: 'failed' },
  'no-bucket-available': { code: 'no-bucket-available', appID: 'x' },
  'snapshot-not-found': { code: 'snapshot-not-found', snapshotID: 'x', appID: 'y' },
  'snapshot-not-completed': { code: 'snapshot-not-completed', snapshotID: 'x', state: 'failed' },
  'snapshot-not-restorable': { code: 'snapshot-not-restorable', snapshotID: 'x', state: 'failed' },
  'backup-not-found': { code: 'backup-not-found', backupID: 'x' },
  'backup-not-restorable': { code: 'backup-not-restorable', backupID: 'x', state: 'failed' },
  'copy-of-other-app': { code: 'copy-of-other-app', copyID: 'x', appID: 'y' },
  'backup-pending': { code: 'backup-pending', backupID: 'x', name: 'y' },
  'snapshot-in-use': {
    code: 'snapshot-in-use',
    snapshotID: 'x',
    backupID: 'y',
    backupName: 'z',
  },
  'copy-being-restored': { code: 'copy-being-restored', copyID: 'x', appID: 'y' },
  'restore-not-confirmed': { code: 'restore-not-confirmed', appID: 'x' },
  'copies-unended': { code: 'copies-unended', appID: 'x' },
  'app-restoring': { code: 'app-restoring', appID: 'x' },
  'app-not-ready': { code: 'app-not-ready', appID: 'x', state: 'provisioning' },
  'trash-item-needs-app': { code: 'trash-item-needs-app', itemID: 'x', appID: 'y' },
  'trash-item-needs-cluster': { code: 'trash-item-needs-cluster', appID: 'x', clusterID: 'y' },
  'app-never-filled': { code: 'app-never-filled', appID: 'x' },
  'source-app-not-found': { code: 'source-app-not-found', appID: 'x' },
  'source-not-on-cluster': { code: 'source-not-on-cluster', appID: 'x', clusterID: 'y' },
  'restore-filter-invalid': {
    code: 'restore-filter-invalid',
    members: [{ name: 'restoreFilter.GVKN[0]', reason: 'must say something' }],
  },
  'storage-class-not-found': {
    code: 'storage-class-not-found',
    storageClass: 'x',
    clusterID: 'y',
    member: 'z',
  },
  'namespace-unavailable': {
    code: 'namespace-unavailable',
    namespace: 'x',
    appName: 'y',
    member: 'z',
  },
  'app-backup-running': { code: 'app-backup-running', appID: 'x' },
  'selective-restore-unsupported': { code: 'selective-restore-unsupported', appID: 'x' },
  'clone-unsupported': { code: 'clone-unsupported', appID: 'x', reason: 'It cannot be.' },
  'backup-command-missing': { code: 'backup-command-missing', appID: 'x' },
  'restore-command-missing': { code: 'restore-command-missing', appID: 'x' },
  'stream-not-clonable': { code: 'stream-not-clonable', backupID: 'x', appID: 'y' },
  'cluster-not-found': { code: 'cluster-not-found', clusterID: 'x' },
  'cloud-name-taken': { code: 'cloud-name-taken', name: 'x' },
  'cloud-in-use': { code: 'cloud-in-use', cloudID: 'x', name: 'y', clusters: ['z'] },
  'cluster-not-creatable': { code: 'cluster-not-creatable', cloudID: 'x' },
  'cluster-managed': { code: 'cluster-managed', clusterID: 'x', name: 'y' },
  'cluster-not-manageable': {
    code: 'cluster-not-manageable',
    clusterID: 'x',
    name: 'y',
    reason: 'It is gone.',
  },
  'cluster-fixed': { code: 'cluster-fixed', clusterID: 'x', name: 'y', clusterType: 'host' },
  'cluster-in-use': {
    code: 'cluster-in-use',
    clusterID: 'x',
    reason: 'It is used.',
    remedy: 'Stop that.',
  },
  'cluster-configured': { code: 'cluster-configured', clusterID: 'x', name: 'y' },
  'trident-missing': { code: 'trident-missing', clusterID: 'x', name: 'y' },
  'storage-class-invalid': {
    code: 'storage-class-invalid',
    clusterID: 'x',
    storageClassID: 'y',
    member: 'defaultStorageClass',
  },
  'mirror-source-invalid': { code: 'mirror-source-invalid', appID: 'x' },
  'mirror-unsupported': { code: 'mirror-unsupported', appID: 'x' },
  'storage-backend-unreachable': { code: 'storage-backend-unreachable', name: 'x' },
  'namespace-not-found': { code: 'namespace-not-found', namespace: 'x', member: 'y' },
  'namespace-removed': { code: 'namespace-removed', namespace: 'x', member: 'y' },
  'app-exists': { code: 'app-exists', appID: 'x', name: 'y' },
  'app-definition-taken': { code: 'app-definition-taken', appID: 'x', name: 'y' },
  'kind-unknown': { code: 'kind-unknown', member: 'x' },
  'task-not-cancellable': { code: 'task-not-cancellable', taskID: 'x' },
  'schedule-exists': {
    code: 'schedule-exists',
    appID: 'x',
    scheduleID: 'x',
    name: 'nightly',
    member: 'name',
  },
  'webhook-name-taken': { code: 'webhook-name-taken', name: 'x' },
  'hooks-disabled': { code: 'hooks-disabled' },
  'hook-name-taken': { code: 'hook-name-taken', appID: 'x', name: 'y' },
  'hook-read-only': { code: 'hook-read-only', name: 'x' },
  'hook-source-name-taken': { code: 'hook-source-name-taken', name: 'x' },
  'hook-source-read-only': { code: 'hook-source-read-only', name: 'x' },
  'hook-source-in-use': { code: 'hook-source-in-use', name: 'x', hook: 'y', app: 'z' },
  'password-exists': { code: 'password-exists', credentialID: 'x', userID: 'y' },
  'password-in-use': { code: 'password-in-use', credentialID: 'x', userID: 'y' },
  'same-password': { code: 'same-password', userID: 'x' },
  'kubeconfig-exists': { code: 'kubeconfig-exists', credentialID: 'x', name: 'y' },
  'kubeconfig-invalid': { code: 'kubeconfig-invalid', reason: 'It is empty.' },
  'bucket-exists': { code: 'bucket-exists', bucketID: 'x', name: 'y' },
  'bucket-server-mismatch': { code: 'bucket-server-mismatch', provider: 'aws', server: 'y' },
  'bucket-in-use': {
    code: 'bucket-in-use',
    bucketID: 'x',
    backups: 1,
    snapshots: 2,
    schedules: 3,
    containers: 4,
  },
  'bucket-is-cloud-default': { code: 'bucket-is-cloud-default', bucketID: 'x', cloud: 'y' },
  'bucket-is-cluster-default': { code: 'bucket-is-cluster-default', bucketID: 'x', cluster: 'y' },
  'repository-not-made': { code: 'repository-not-made', bucketID: 'x' },
  'cluster-unreachable': { code: 'cluster-unreachable', clusterID: 'x', reason: 'It is gone.' },
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
