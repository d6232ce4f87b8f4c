import assert from 'node:assert/strict'
import { closeSync, fstatSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { keepPrivate } from './private-output.ts'

test('a file that gets secrets is closed to others; a device stays as it is', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-private-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const file = openSync(join(directory, 'recovery-kit.txt'), 'w', 0o644)
  const device = openSync('/dev/null', 'w')
  const modeOfDevice = fstatSync(device).mode
  keepPrivate(file)
  keepPrivate(device)
  assert.equal(fstatSync(file).mode & 0o777, 0o600)
  assert.equal(fstatSync(device).mode, modeOfDevice)
  closeSync(file)
  closeSync(device)
})
