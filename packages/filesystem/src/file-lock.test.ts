import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { tryLockFile } from './file-lock.ts'

test('one open file holds the lock until it is closed', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-lock-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'lock')
  const first = openSync(path, 'w')
  const second = openSync(path, 'w')
  assert.equal(tryLockFile(first), true)
  assert.equal(tryLockFile(second), false)
  closeSync(first)
  assert.equal(tryLockFile(second), true)
  closeSync(second)
  assert.throws(() => tryLockFile(second), { code: 'EBADF' })
})
