import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { hookCommand } from './hook-command.ts'
import { printable } from './hook-output.ts'

const SCRIPT = '/proc/self/fd/3'

function wordsOf(script: string, ...hookArguments: string[]): readonly string[] | undefined {
  const command = hookCommand(Buffer.from(script), hookArguments)
  return 'fault' in command ? undefined : command.words
}

test('the first line names the interpreter, with at most one argument', () => {
  assert.deepEqual(wordsOf('echo'), ['/bin/sh', SCRIPT])
  assert.deepEqual(wordsOf(''), ['/bin/sh', SCRIPT])
  assert.deepEqual(wordsOf('#!/bin/bash\necho', 'x'), ['/bin/bash', SCRIPT, 'x'])
  assert.deepEqual(wordsOf('#! /usr/bin/env -S python3 -u \nx'), [
    '/usr/bin/env',
    '-S python3 -u',
    SCRIPT,
  ])
  assert.equal(wordsOf('#!python3\n'), undefined)
  assert.equal(wordsOf('#!\n'), undefined)
})

test('arguments stay what they are', () => {
  fc.assert(
    fc.property(fc.string(), fc.array(fc.string()), (script, hookArguments) => {
      const words = wordsOf(`\n${script}`, ...hookArguments)
      assert.deepEqual(words, ['/bin/sh', SCRIPT, ...hookArguments])
    }),
  )
})

test('any bytes become text that can be shown and stored', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const text = printable(bytes)
      assert.ok(text.isWellFormed())
      assert.doesNotMatch(text, /[^\P{Cc}\t\n]/u)
    }),
  )
  assert.equal(
    printable(Buffer.from('ok ünïcode\n\u001b[2J\0\u202e')),
    'ok ünïcode\n\\x1b[2J\\x00\\u202e',
  )
})
