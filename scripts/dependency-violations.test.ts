import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PACKAGE_MAY_IMPORT } from './dependency-rules.ts'
import { findViolations } from './dependency-violations.ts'

function rulesBrokenBy(path: string, text: string, others: Record<string, string> = {}): string[] {
  const files = Object.entries({ ...others, [path]: text })
  return findViolations(files.map(([path, text]) => ({ path, text }))).map(({ rule }) => rule)
}

test('an import against the direction is found, also of a type and in a call', () => {
  const path = 'packages/engine/src/x.ts'
  assert.deepEqual(rulesBrokenBy(path, `import { a } from '@holdfast/domain'`), [
    'dependency direction',
  ])
  assert.deepEqual(rulesBrokenBy(path, `import type {\n  a,\n} from '@holdfast/domain'`), [
    'dependency direction',
  ])
  assert.deepEqual(rulesBrokenBy(path, `export { a } from '@holdfast/domain'`), [
    'dependency direction',
  ])
  assert.deepEqual(rulesBrokenBy(path, `const a = await import('@holdfast/domain')`), [
    'dependency direction',
  ])
  assert.deepEqual(rulesBrokenBy(path, `import { a } from '@holdfast/filesystem'`), [])
})

test('only public entries are imported, and testing only by tests', () => {
  const path = 'packages/workflows/src/x.ts'
  assert.deepEqual(rulesBrokenBy(path, `import { a } from '@holdfast/db/src/a.ts'`), [
    'package entry',
  ])
  assert.deepEqual(rulesBrokenBy(path, `import { a } from '../../db/src/a.ts'`), ['package entry'])
  assert.deepEqual(rulesBrokenBy(path, `import { a } from '@holdfast/db/testing'`), [
    'package entry',
  ])
  const test = 'packages/workflows/src/x.test.ts'
  assert.deepEqual(rulesBrokenBy(test, `import { a } from '@holdfast/db/testing'`), [])
})

test('parts that must not know each other', () => {
  assert.deepEqual(
    rulesBrokenBy('packages/api/src/application/x.ts', `import { a } from '../container/a.ts'`),
    ['never imports'],
  )
  assert.deepEqual(
    rulesBrokenBy('packages/engine/src/format/x.ts', `import type { a } from '../commands/a.ts'`),
    ['never imports'],
  )
  assert.deepEqual(
    rulesBrokenBy('packages/platforms/src/host/x.ts', `import { a } from '../docker/a.ts'`),
    ['never imports'],
  )
})

test('modules with one place', () => {
  assert.deepEqual(rulesBrokenBy('packages/api/src/x.ts', `import pg from 'pg'`), ['only place'])
  assert.deepEqual(
    rulesBrokenBy('packages/engine/src/x.ts', `import { spawn } from 'node:child_process'`),
    ['only place'],
  )
  assert.deepEqual(
    rulesBrokenBy('packages/engine/src/x.test.ts', `import { spawn } from 'node:child_process'`),
    [],
  )
})

test('banned calls, but not in comments and not in the composition root', () => {
  for (const call of ['Date.now()', 'Math.random()', 'process.env.X', 'new Date()']) {
    assert.deepEqual(rulesBrokenBy('packages/db/src/x.ts', `const a = ${call}`), ['banned call'])
    assert.deepEqual(rulesBrokenBy('packages/db/src/x.ts', `// ${call}\n/* ${call} */`), [])
    assert.deepEqual(rulesBrokenBy('packages/db/src/clock.ts', `const a = ${call}`), [])
    assert.deepEqual(rulesBrokenBy('packages/server/src/x.ts', `const a = ${call}`), [])
  }
})

test('a cycle of files is found', () => {
  const others = { 'packages/db/src/b.ts': `import { c } from './c.ts'` }
  assert.deepEqual(
    rulesBrokenBy('packages/db/src/c.ts', `import type { b } from './b.ts'`, others),
    ['cycle'],
  )
  assert.deepEqual(rulesBrokenBy('packages/db/src/a.ts', `import { b } from './b.ts'`, others), [])
})

test('the table of directions has no cycle itself', () => {
  const below = (name: string): Set<string> =>
    new Set((PACKAGE_MAY_IMPORT[name] ?? []).flatMap((next) => [next, ...below(next)]))
  for (const name of Object.keys(PACKAGE_MAY_IMPORT)) assert.equal(below(name).has(name), false)
})
