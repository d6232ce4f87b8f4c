// The program from outside, where it starts again: killed, interrupted, beside another, with another key.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { makeTestDatabase } from '@holdfast/db/testing'
import {
  assertRuns,
  makeProgramFixture,
  processesBelow,
  READY,
  statusOf,
  untilLogged,
  untilStatus,
  whenReady,
} from './testing/program-fixture.ts'
import { runProgram, startProgram } from './testing/run-program.ts'

test('killed with its database: the next start goes on; the database alone: it is restarted', async (t) => {
  const fixture = await makeProgramFixture(t, 'embedded')
  const first = await fixture.serve()
  const owner = fixture.owner()
  const postmaster = (): number =>
    Number(readFileSync(join(fixture.home, 'postgres/data/postmaster.pid'), 'utf8').split('\n')[0])
  process.kill(postmaster(), 'SIGKILL')
  await untilStatus(`${first.url}/readyz`, 503)
  await untilStatus(`${first.url}/readyz`, 200)
  assert.equal(await statusOf(owner), 200)

  const left = postmaster()
  first.program.child.kill('SIGKILL')
  await first.program.ended
  const second = await fixture.serve()
  await untilLogged(second.program, /PostgreSQL adopted/)
  assert.equal(postmaster(), left)
  assert.equal(await statusOf({ ...owner, url: second.url }), 200)
  second.program.child.kill('SIGTERM')
  assert.equal((await second.program.ended).exitCode, 0)
  assert.deepEqual(processesBelow(fixture.home), [])
})

test('interrupted while it starts, it leaves nothing running', async (t) => {
  const fixture = await makeProgramFixture(t, 'embedded')
  const { environment } = fixture
  const program = startProgram(['serve'], { environment })
  while (!existsSync(join(fixture.home, 'postgres/data/postmaster.pid'))) {
    assertRuns(program)
    await delay(5)
  }
  program.child.kill('SIGTERM')
  assert.deepEqual(await program.ended, { exitCode: 0, signal: null })
  assert.doesNotMatch(program.stdout(), READY)
  assert.deepEqual(processesBelow(fixture.home), [])
  const { url } = await fixture.serve()
  assert.equal((await fetch(`${url}/readyz`)).status, 200)
})

test('the master key is changed while the service is stopped, and never beside it', async (t) => {
  const fixture = await makeProgramFixture(t, 'shared')
  const { environment } = fixture
  const file = join(fixture.home, 'master.key')
  const first = await fixture.serve()
  const before = readFileSync(file, 'utf8')
  const refused = await runProgram(['master-key', 'rotate'], { environment })
  assert.equal(refused.exitCode, 1)
  assert.match(refused.stderr, /already runs with the home.*Stop it first/)
  assert.equal(readFileSync(file, 'utf8'), before)
  first.program.child.kill('SIGTERM')
  await first.program.ended

  const rotated = await runProgram(['master-key', 'rotate'], { environment })
  assert.equal(rotated.exitCode, 0, rotated.stderr)
  assert.match(rotated.stdout, /2 secrets were sealed with it.*new recovery kit/s)
  assert.notEqual(readFileSync(file, 'utf8'), before)
  assert.equal(statSync(file).mode & 0o777, 0o600)

  // It starts, so everything opens; the kit shows the new key and the same password as ever.
  await fixture.serve()
  const kit = await runProgram(['recovery-kit'], { environment })
  assert.equal(kit.exitCode, 0, kit.stderr)
  assert.ok(kit.stdout.includes(readFileSync(file, 'utf8').trim()))
  assert.ok(!kit.stdout.includes(before.trim()))
})

test('a second service on the same database has an executor id of its own; a copied home has not', async (t) => {
  const fixture = await makeProgramFixture(t, 'shared')
  await fixture.serve()
  const copy = `${fixture.home}-copy`
  execFileSync('cp', ['-a', fixture.home, copy])
  const refused = await runProgram(['serve', '--home', copy], { environment: fixture.environment })
  assert.equal(refused.exitCode, 1)
  assert.match(refused.stderr, /Another Holdfast service runs with the executor id/)

  // A database of another installation is a mistake; nothing there is changed.
  const foreign = await makeTestDatabase()
  t.after(() => foreign.drop())
  const { pool } = foreign.database
  await pool.query(`insert into installation (id, master_key_fingerprint)
    values ('11111111-1111-4111-8111-111111111111', 'theirs')`)
  const mistaken = await runProgram(['serve', '--home', copy, '--database-url', foreign.url], {
    environment: fixture.environment,
  })
  assert.equal(mistaken.exitCode, 1)
  assert.match(mistaken.stderr, /belongs to another Holdfast installation/)
  const { rows } = await pool.query('select master_key_fingerprint as key from installation')
  assert.deepEqual(rows, [{ key: 'theirs' }])

  const other = `${fixture.home}-other`
  const masterKeyFile = join(fixture.home, 'master.key')
  const joined = startProgram(['serve', '--home', other, '--master-key-file', masterKeyFile], {
    environment: fixture.environment,
  })
  await whenReady(joined)
  await untilLogged(joined, /holdfast owner reset/)
  joined.child.kill('SIGTERM')
  assert.equal((await joined.ended).exitCode, 0)
})
