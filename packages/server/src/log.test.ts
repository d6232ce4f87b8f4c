import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { createLog, workflowsLog } from './log.ts'

function capture(): { lines: string[]; stream: Writable } {
  const lines: string[] = []
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString())
      done()
    },
  })
  return { lines, stream }
}

test('secrets are not written, at any usual depth', () => {
  const { lines, stream } = capture()
  const log = createLog('info', stream)
  const secret = 'hunter2'
  log.info({ password: secret, token: secret }, 'flat')
  log.info({ job: { password: secret, repository: { keys: { encrypt: secret } } } }, 'nested')
  log.info({ job: { store: { secretAccessKey: secret, sessionToken: secret } } }, 'server')
  log.info({ request: { headers: { cookie: secret }, body: { keyStore: { a: secret } } } }, 'body')
  log.info({ request: { headers: { authorization: `Bearer ${secret}` } } }, 'headers')
  workflowsLog(log).warn('by the workflows', { secrets: { password: secret } })
  assert.equal(lines.length, 6)
  for (const line of lines) {
    assert.ok(!line.includes(secret), line)
    assert.ok(line.includes('[secret]'), line)
  }
})

test('the level decides, and the cause of an error is told', () => {
  const { lines, stream } = capture()
  const log = createLog('warn', stream)
  log.info('not written')
  log.error({ err: new Error('outer', { cause: new Error('inner') }) }, 'failed')
  assert.equal(lines.length, 1)
  const entry = JSON.parse(lines[0] ?? '')
  assert.equal(entry.level, 'error')
  assert.equal(entry.err.cause.message, 'inner')
})
