import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { settleServerPlace } from './server-place.ts'

test('a place that is written down and cannot be read is not taken for none', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-place-'))
  t.after(() => rm(directory, { recursive: true }))
  await mkdir(join(directory, 'location'))
  const options = { isUserNamespaceAllowed: true, relocationRoot: directory, isRoot: false }
  await assert.rejects(settleServerPlace({ directory, ...options }), { code: 'EISDIR' })
  assert.deepEqual(await readdir(directory), ['location'])
})
