import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashPassword, passwordFault, verifyPassword } from './passwords.ts'

test('a password opens its own hash alone', async () => {
  const hash = await hashPassword('correct horse')
  assert.match(hash, /^\$argon2id\$v=19\$m=12288,t=3,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  assert.equal(await verifyPassword('correct horse', hash), true)
  assert.equal(await verifyPassword('Correct horse', hash), false)
  assert.equal(await verifyPassword('', hash), false)
  assert.notEqual(await hashPassword('correct horse'), hash)
})

test('characters may be composed or decomposed', async () => {
  assert.equal(await verifyPassword('cafe\u0301 noir', await hashPassword('caf\u00e9 noir')), true)
})

test('what is no hash opens for nothing', async () => {
  for (const hash of ['', 'x', '$argon2i$v=19$m=8,t=1,p=1$AAAA$AAAA', '$2b$10$abc']) {
    assert.equal(await verifyPassword('', hash), false, hash)
  }
})

test('a hash of another program is understood', async () => {
  // Of the argon2 reference program: printf password | argon2 somesalt -id -t 2 -m 16 -p 1 -l 32
  const hash =
    '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
  assert.equal(await verifyPassword('password', hash), true)
})

test('passwords have at least eight characters, and an end', () => {
  assert.equal(passwordFault('12345678'), undefined)
  assert.match(passwordFault('1234567') ?? '', /at least 8/)
  assert.match(passwordFault('x'.repeat(1025)) ?? '', /at most 1024/)
})
