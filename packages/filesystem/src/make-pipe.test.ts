import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync } from 'node:fs'
import { Socket } from 'node:net'
import { buffer, text } from 'node:stream/consumers'
import { test } from 'node:test'
import { makePipe } from './make-pipe.ts'

const NOBODY = { uid: 65534, gid: 65534 }
const users = process.geteuid?.() === 0 ? [undefined, NOBODY] : [undefined]

for (const user of users) {
  test(`a program${user === undefined ? '' : ' of another user'} opens /dev/stdin and /dev/stdout`, async () => {
    const input = makePipe(user)
    const output = makePipe(user)
    const command =
      'cat /dev/stdin > /dev/stdout && dd if=/dev/zero of=/dev/stdout bs=1000 count=300'
    const program = spawn('/bin/sh', ['-c', command], {
      stdio: [input.readHandle, output.writeHandle, 'pipe'],
      ...user,
    })
    closeSync(input.readHandle)
    closeSync(output.writeHandle)
    const errors = text(program.stderr ?? assert.fail('no stderr'))
    new Socket({ fd: input.writeHandle, readable: false }).end('some input')
    const written = buffer(new Socket({ fd: output.readHandle, writable: false }))
    const [exitCode] = await once(program, 'exit')
    assert.equal(exitCode, 0, await errors)
    const expected = Buffer.concat([Buffer.from('some input'), Buffer.alloc(300_000)])
    assert.ok((await written).equals(expected))
  })
}
