import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, fstatSync, readSync, writeSync } from 'node:fs'
import { test } from 'node:test'
import { bytesInPipe, openPipe } from './pipe.ts'

test('what is written at one end comes out at the other; a program opens it by its name', () => {
  const { readHandle, writeHandle } = openPipe()
  assert.ok(fstatSync(readHandle).isFIFO() && fstatSync(writeHandle).isFIFO())
  writeSync(writeHandle, 'one ')
  execFileSync('/bin/sh', ['-c', 'echo two > /dev/stdout'], {
    stdio: ['ignore', writeHandle, 'inherit'],
  })
  // No process has inherited this end: the pipe ends when we close ours.
  closeSync(writeHandle)
  assert.equal(bytesInPipe(readHandle), 8)
  const bytes = Buffer.alloc(100)
  let length = 0
  for (let read = -1; read !== 0; length += read)
    read = readSync(readHandle, bytes, { offset: length })
  assert.equal(bytes.toString('utf8', 0, length), 'one two\n')
  assert.equal(bytesInPipe(readHandle), 0)
  closeSync(readHandle)
})
