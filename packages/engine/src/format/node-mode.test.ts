import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { NodeType } from './node.ts'
import { goModeOfUnixMode, nodeTypeOfUnixMode, unixPermissionsOfGoMode } from './node-mode.ts'

const STOCK_MODES: readonly (readonly [NodeType, number, number])[] = [
  ['file', 0o100644, 420],
  ['file', 0o104755, 8389101],
  ['file', 0o102755, 4194797],
  ['file', 0o106711, 12583369],
  ['fifo', 0o010644, 33554852],
  ['dir', 0o040755, 2147484141],
  ['dir', 0o041777, 2148532735],
  ['dir', 0o042775, 2151678461],
  ['symlink', 0o120777, 134218239],
  ['dev', 0o060640, 67109280],
  ['chardev', 0o020644, 69206436],
]

test('modes are those of stock restic', () => {
  for (const [type, unixMode, goMode] of STOCK_MODES) {
    assert.equal(nodeTypeOfUnixMode(unixMode), type)
    assert.equal(goModeOfUnixMode(type, unixMode), goMode)
    assert.equal(unixPermissionsOfGoMode(goMode), unixMode & 0o7777)
  }
})

test('sockets have a type, unknown kinds have none', () => {
  assert.equal(nodeTypeOfUnixMode(0o140777), 'socket')
  assert.equal(nodeTypeOfUnixMode(0o160000), undefined)
  assert.equal(nodeTypeOfUnixMode(0), undefined)
})

test('permission bits come back', () => {
  fc.assert(
    fc.property(fc.nat(0o7777), (permissions) => {
      const goMode = goModeOfUnixMode('dir', 0o040000 | permissions)
      assert.ok(goMode >= 2 ** 31)
      assert.equal(unixPermissionsOfGoMode(goMode), permissions)
    }),
  )
})
