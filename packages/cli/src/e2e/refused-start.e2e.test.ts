// Starts that must not succeed: each says what is wrong and what to do, and changes nothing.
import assert from 'node:assert/strict'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, describe, test } from 'node:test'
import { startServiceProcess } from '../service-process.ts'
import { showLogOfFailure } from '../testing/log-of-failure.ts'
import { startTestService, type TestService } from '../testing/service.ts'

describe('refused starts', () => {
  let service: TestService

  before(async () => {
    service = await startTestService({ database: 'embedded' })
  })
  after(() => service.release())
  afterEach((t) => showLogOfFailure(t, service))

  test('a second service on the same home', async () => {
    const environment = { ...service.processOptions.environment, HOLDFAST_LISTEN: '127.0.0.1:0' }
    await assert.rejects(
      startServiceProcess({ ...service.processOptions, environment }),
      /ended with [1-9][\s\S]*(already|another)/i,
    )
    await assertAlive()
  })

  test('a port that is taken', async () => {
    const home = mkdtempSync(join(tmpdir(), 'holdfast-service-'))
    try {
      const { HOLDFAST_LISTEN = '' } = service.processOptions.environment
      await assert.rejects(
        startServiceProcess({ home, environment: { HOLDFAST_LISTEN } }),
        new RegExp(`ended with [1-9][\\s\\S]*${HOLDFAST_LISTEN.split(':')[1]}`),
      )
    } finally {
      rmSync(home, { recursive: true })
    }
    await assertAlive()
  })

  test('a master key that is missing or another one', async () => {
    const key = join(service.home, 'master.key')
    await service.stop()
    renameSync(key, `${key}-away`)
    const start = (): Promise<unknown> => startServiceProcess(service.processOptions)
    await assert.rejects(start(), /ended with [1-9][\s\S]*master key/i)
    writeFileSync(key, Buffer.alloc(32, 7).toString('base64'), { mode: 0o600 })
    await assert.rejects(start(), /ended with [1-9][\s\S]*master key/i)
    renameSync(`${key}-away`, key)
    await service.start()
    await assertAlive()
    // The token of the first start still opens the same account, and its sealed rows.
    const { client } = service
    const { password } = await client.repositoryOf(await client.firstBucket())
    assert.ok(password.length >= 32)
  })

  async function assertAlive(): Promise<void> {
    assert.equal((await fetch(`${service.owner.url}/readyz`)).status, 200)
  }
})
