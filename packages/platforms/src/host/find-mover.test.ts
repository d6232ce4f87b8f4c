import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { test } from 'node:test'
import { MOVER_ID_VARIABLE, stopMoverProcess } from './find-mover.ts'

test('a mover whose process id was never written down is found by its id', async () => {
  const id = randomUUID()
  const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], {
    detached: true,
    stdio: 'ignore',
    env: { [MOVER_ID_VARIABLE]: id },
  })
  await once(child, 'spawn')
  const ended = once(child, 'exit')
  await stopMoverProcess({ id: randomUUID() })
  assert.equal(child.exitCode, null)
  await stopMoverProcess({ id })
  assert.deepEqual(await ended, [null, 'SIGTERM'])
})
