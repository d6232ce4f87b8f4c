// What the service said when a test failed: without it, a failure seen once stays a riddle.
import type { TestContext } from 'node:test'
import type { TestService } from './service.ts'

const LINES_MAX = 60

/** Call in `afterEach`. */
export function showLogOfFailure(t: unknown, service: TestService): void {
  // The type of what `afterEach` gets is that of a test or a suite; only tests can fail.
  const { name, passed } = t as Pick<TestContext, 'name'> & { readonly passed: boolean }
  if (passed) return
  const lines = service.process
    .output()
    .trimEnd()
    .split('\n')
    .filter((line) => !line.includes('request answered'))
    .slice(-LINES_MAX)
  process.stderr.write(`service during "${name}":\n${lines.join('\n')}\n`)
}
