// A repository that nothing was left in: no lock, no stray file, and stock restic finds no error.
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { findStockRestic, runStockRestic } from '../demo/stock-restic.ts'
import { eventually } from './eventually.ts'
import type { TestService } from './service.ts'

/** Where restic is missing only what lies about is looked at. */
export async function assertCleanRepository(service: TestService): Promise<void> {
  const { client } = service
  // A backup is completed before its last clean-up is.
  await eventually(async () => {
    const open = (await client.tasks()).filter(({ state }) => !ENDED.includes(state))
    assert.deepEqual(open, [])
  })
  const { url, password } = await client.repositoryOf(await client.firstBucket())
  // A repository in a local directory: its URL is its path.
  assert.deepEqual(readdirSync(join(url, 'locks')), [], 'locks were left behind')
  const strays = readdirSync(url, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /tmp|temp|partial/i.test(name),
  )
  assert.deepEqual(strays, [], 'temporary files were left behind')
  if ((await findStockRestic()) === undefined) return
  const output = await runStockRestic(['check', '--read-data'], { url, password })
  assert.match(output, /no errors were found/)
}

const ENDED = ['completed', 'cancelled', 'failed']
