import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import type { ExchangeStep } from './exchange-step.ts'
import { readSteps, writeSteps } from './exchange-steps-file.ts'

const directory = mkdtempSync(join(tmpdir(), 'holdfast-steps-'))
after(() => rmSync(directory, { recursive: true }))
const path = join(directory, 'steps')

test('steps come back in their order, however many', async () => {
  const step = fc
    .tuple(fc.nat(), fc.string({ unit: 'binary' }))
    .map(([volume, targetName]): ExchangeStep => ({ kind: 'remove', volume, targetName }))
  const some = fc.array(step, { maxLength: 2500, size: 'max' })
  await fc.assert(
    fc.asyncProperty(some, async (steps) => {
      await writeSteps(path, steps)
      assert.deepEqual(await Array.fromAsync(readSteps(path)), steps)
    }),
    { numRuns: 20 },
  )
})

test('a plan that fails and a reader that gives up leave nothing open', async () => {
  function* failing(): Generator<ExchangeStep> {
    yield { kind: 'remove', volume: 0, targetName: 'a' }
    throw new RangeError('in the middle')
  }
  await assert.rejects(writeSteps(path, failing()), RangeError)
  await writeSteps(path, [
    { kind: 'remove', volume: 0, targetName: 'a' },
    { kind: 'remove', volume: 1, targetName: 'b' },
  ])
  for await (const step of readSteps(path)) {
    assert.equal(step.volume, 0)
    break
  }
  assert.deepEqual(openFilesBelow(directory), [])
})

function openFilesBelow(parent: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((handle) => {
    const target = linkOf(handle)
    return target?.startsWith(parent) === true ? [target] : []
  })
}

/** The handle by which the directory itself was listed is gone. */
function linkOf(handle: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${handle}`)
  } catch {
    return undefined
  }
}
