import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { unquoteCommand } from './unquote-command.ts'

test('the quotes around a whole command go, and only these', () => {
  const expected: readonly (readonly [string, string])[] = [
    ['"mysqldump -u root -p$PASSWORD"', 'mysqldump -u root -p$PASSWORD'],
    ['  "pg_dump shop"\n', 'pg_dump shop'],
    ['"psql -c "select 1""', 'psql -c "select 1"'],
    ['"psql --command="select 1""', 'psql --command="select 1"'],
    ['"psql -c \\"select 1\\""', 'psql -c \\"select 1\\"'],
    ['"pg_dump shop\n| gzip"', 'pg_dump shop\n| gzip'],
    ['""', ''],
  ]
  for (const [configured, command] of expected) assert.equal(unquoteCommand(configured), command)
})

test('what is not enclosed as a whole stays as it is', () => {
  const commands = [
    'pg_dump shop',
    '"pg_dump shop',
    'pg_dump shop"',
    '"',
    'echo "a b"',
    '"/opt/my dump" shop',
    '"/opt/my dump" "$DATABASE"',
    '"/opt/my dump" --into="$DATABASE"',
    "'pg_dump shop'",
    '"a\\"',
  ]
  for (const command of commands) assert.equal(unquoteCommand(command), command)
})

test('a command without double quotes is the same with and without the pair', () => {
  const command = fc.string({ unit: 'binary' }).filter((text) => !/["\\]/.test(text))
  fc.assert(
    fc.property(command, (text) => {
      assert.equal(unquoteCommand(`"${text}"`), text)
      assert.equal(unquoteCommand(text), text)
    }),
  )
})

test('a command of many backslashes takes no longer than one of as many other characters', () => {
  // Tried anew at each of them, it would take hours.
  const backslashes = '\\'.repeat(1_000_000)
  assert.equal(unquoteCommand(`"${backslashes}x"`), `${backslashes}x`)
  assert.equal(unquoteCommand(`"${backslashes}"`), backslashes)
  assert.equal(unquoteCommand(`"${backslashes}\\"`), `"${backslashes}\\"`)
})
