import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { openDatabase, pingDatabase } from '@holdfast/db'
import { findPostgresBinaries } from './binaries.ts'
import type { EmbeddedPostgres, PostgresEvent } from './embedded-postgres.ts'
import { startEmbeddedPostgres } from './embedded-postgres.ts'
import { findProcess, findProcessesOf, isAlive } from './processes.ts'

const isRoot = process.getuid?.() === 0

interface Home {
  readonly directory: string
  readonly events: PostgresEvent[]
  start(options?: Partial<Parameters<typeof startEmbeddedPostgres>[0]>): Promise<EmbeddedPostgres>
}

/** A 0700 home, whose servers are stopped and whose files are removed after the test. */
async function makeHome(t: TestContext, parent = tmpdir()): Promise<Home> {
  const home = await mkdtemp(join(parent, 'holdfast-embedded-'))
  const servers: EmbeddedPostgres[] = []
  const events: PostgresEvent[] = []
  t.after(async () => {
    for (const server of servers) await server.stop()
    await rm(home, { recursive: true, force: true })
  })
  const directory = join(home, 'postgres')
  return {
    directory,
    events,
    async start(options) {
      const onEvent = (event: PostgresEvent): number => events.push(event)
      const settings = { directory, databaseName: 'holdfast', onEvent }
      const server = await startEmbeddedPostgres({ ...settings, ...options })
      servers.push(server)
      return server
    },
  }
}

test('starts below a 0700 home on a socket that only we can enter, keeps data, stops fast', async (t) => {
  const { directory, start } = await makeHome(t)
  const first = await start()
  await ask(first.url, 'create table kept (value text)')
  await ask(first.url, `insert into kept values ('still here')`)
  assert.deepEqual(await ask(first.url, `select current_setting('fsync') as fsync`), [
    { fsync: 'on' },
  ])
  assert.deepEqual(await ask(first.url, 'select inet_server_addr()::text as address'), [
    { address: null },
  ])
  const socketDirectory = new URL(first.url).searchParams.get('host') ?? ''
  assert.equal((await stat(socketDirectory)).mode & 0o777, 0o700)
  // Its own session: a signal to our process group does not reach it.
  const fields = (await readFile(`/proc/${first.pid}/stat`, 'latin1')).split(') ')[1]?.split(' ')
  assert.equal(Number(fields?.[3]), first.pid)

  assert.equal(await first.stop(), 'fast')
  assert.equal(await findProcess(first.pid), undefined)
  const second = await start()
  assert.deepEqual(await ask(second.url, 'select value from kept'), [{ value: 'still here' }])
  assert.equal(second.isAdopted, false)
  assert.ok((await stat(join(directory, 'data'))).isDirectory())
})

test('takes over the server that a killed service left', async (t) => {
  const home = await makeHome(t)
  const pid = await startInKilledProcess(home.directory)
  const adopted = await home.start()
  assert.equal(adopted.isAdopted, true)
  assert.equal(adopted.pid, pid)
  assert.deepEqual(await ask(adopted.url, 'select 1 as one'), [{ one: 1 }])
  assert.equal(await adopted.stop(), 'fast')
  assert.equal(await findProcess(pid), undefined)
})

test('replaces a server that was started with other settings', async (t) => {
  const home = await makeHome(t)
  const pid = await startInKilledProcess(home.directory)
  const replaced = await home.start({ settings: { work_mem: '8MB' } })
  assert.equal(replaced.isAdopted, false)
  assert.notEqual(replaced.pid, pid)
  assert.deepEqual(await ask(replaced.url, `select current_setting('work_mem') as memory`), [
    { memory: '8MB' },
  ])
})

test('an adopted server that is killed is restarted, and so is its successor', async (t) => {
  const home = await makeHome(t)
  await startInKilledProcess(home.directory)
  const server = await home.start()
  await ask(server.url, 'create table kept (value text)')
  for (const round of ['first', 'second']) {
    await ask(server.url, `insert into kept values ('${round}')`)
    const killed = server.pid
    process.kill(killed, 'SIGKILL')
    await until(() => home.events.at(-1)?.event === 'started' && server.pid !== killed)
  }
  assert.deepEqual(
    home.events.map(({ event }) => event),
    ['adopted', 'ended', 'started', 'ended', 'started'],
  )
  assert.deepEqual(await ask(server.url, 'select value from kept'), [
    { value: 'first' },
    { value: 'second' },
  ])
})

test('starts after service and server were killed together, whoever has the number now', async (t) => {
  const home = await makeHome(t)
  const pid = await startInKilledProcess(home.directory)
  process.kill(pid, 'SIGKILL')
  const data = join(home.directory, 'data')
  await until(async () => (await findProcessesOf(data, { clusterName: 'none' })).length === 0)
  // After a reboot the number in the file may belong to anybody, for instance to this process.
  const file = join(data, 'postmaster.pid')
  const text = await readFile(file, 'utf8')
  await writeFile(file, text.replace(/^\d+/, String(process.ppid)))
  const server = await home.start()
  assert.equal(server.isAdopted, false)
  assert.deepEqual(await ask(server.url, 'select 1 as one'), [{ one: 1 }])
})

test('ends server processes that outlive their postmaster before it starts another', async (t) => {
  const home = await makeHome(t)
  const first = await home.start()
  const database = openDatabase({ url: first.url, applicationName: 'stopped' })
  t.after(() => database.close())
  const session = await database.pool.connect()
  session.on('error', () => undefined)
  const answer = await session.query('select pg_backend_pid() as pid')
  const backend = await findProcess(answer.rows[0].pid)
  assert.ok(backend)
  // A stopped process notices nothing, as one that hangs in the disk.
  process.kill(backend.pid, 'SIGSTOP')
  process.kill(first.pid, 'SIGKILL')
  await until(() => home.events.at(-1)?.event === 'started' && home.events.length === 3)
  assert.equal(await isAlive(backend), false)
  session.release(true)
})

test('refuses the directory of another version and leaves it alone', async (t) => {
  const home = await makeHome(t)
  await (await home.start()).stop()
  await writeFile(join(home.directory, 'data/PG_VERSION'), '17\n')
  await assert.rejects(home.start(), (error: Error & { failure?: unknown }) => {
    const directory = join(home.directory, 'data')
    const failure = { code: 'postgres-version-mismatch', directory, found: '17', expected: '18' }
    assert.deepEqual(error.failure, failure)
    assert.match(error.message, /pg_dump/)
    return true
  })
  await writeFile(join(home.directory, 'data/PG_VERSION'), '18\n')
  await pingDatabase((await home.start()).url)
})

test('begins again when it was killed while the directory was made', async (t) => {
  const home = await makeHome(t)
  await mkdir(join(home.directory, 'data.new/base'), { recursive: true })
  await writeFile(join(home.directory, 'data.new/PG_VERSION'), '1')
  await pingDatabase((await home.start()).url)
})

test('a home with a long path gets its socket elsewhere', async (t) => {
  const parent = await mkdtemp(join(tmpdir(), 'holdfast-long-'))
  t.after(() => rm(parent, { recursive: true, force: true }))
  const long = join(parent, 'x'.repeat(120))
  await mkdir(long)
  const home = await makeHome(t, long)
  const server = await home.start()
  const socketDirectory = new URL(server.url).searchParams.get('host') ?? ''
  assert.ok(Buffer.byteLength(socketDirectory) < 90)
  assert.equal((await stat(socketDirectory)).mode & 0o777, 0o700)
  await pingDatabase(server.url)
  await server.stop()
  await assert.rejects(stat(socketDirectory), { code: 'ENOENT' }, 'nothing is left outside')
})

test('what the server says when it does not start is told', async (t) => {
  const home = await makeHome(t)
  await assert.rejects(home.start({ settings: { shared_buffers: 'nonsense' } }), (error: Error) => {
    assert.match(error.message, /invalid value for parameter "shared_buffers"/)
    return true
  })
})

test('root without user namespaces: data in the home when the number can reach it', {
  skip: isRoot ? false : 'NOT TESTED: running under a foreign number needs root',
}, async (t) => {
  const home = await makeHome(t)
  const server = await home.start({ isUserNamespaceAllowed: false })
  await ask(server.url, 'create table kept (value text)')
  const data = join(home.directory, 'data')
  assert.equal((await stat(data)).uid, 65_432)
  assert.equal((await stat(join(home.directory, '..'))).mode & 0o777, 0o710)
  await server.stop()
  // The same home on a machine that has namespaces, and back.
  const again = await home.start()
  assert.equal((await stat(data)).uid, 0)
  assert.deepEqual(await ask(again.url, 'select count(*) as count from kept'), [{ count: 0 }])
  await again.stop()
  const back = await home.start({ isUserNamespaceAllowed: false })
  assert.deepEqual(await ask(back.url, 'select count(*) as count from kept'), [{ count: 0 }])
})

test('root without user namespaces, below a 0700 parent: data where the number can reach it', {
  skip: isRoot ? false : 'NOT TESTED: running under a foreign number needs root',
}, async (t) => {
  const closed = await mkdtemp(join(tmpdir(), 'holdfast-closed-'))
  const relocationRoot = await mkdtemp(join(tmpdir(), 'holdfast-relocated-'))
  await chmod(relocationRoot, 0o711)
  t.after(async () => {
    await rm(closed, { recursive: true, force: true })
    await rm(relocationRoot, { recursive: true, force: true })
  })
  const home = await makeHome(t, closed)
  // As in a clone below a 0700 home: the binaries are out of reach as well.
  const found = await findPostgresBinaries()
  const directory = join(closed, 'native')
  await cp(found.directory, directory, { recursive: true, verbatimSymlinks: true })
  const binaries = { ...found, directory }
  const options = { isUserNamespaceAllowed: false, relocationRoot, binaries }
  const server = await home.start(options)
  await ask(server.url, 'create table kept (value text)')
  await server.stop()
  const location = (await readFile(join(home.directory, 'location'), 'utf8')).trim()
  assert.ok(location.startsWith(relocationRoot))
  assert.equal((await stat(location)).mode & 0o777, 0o700)
  // Where namespaces are allowed later, the data is still found.
  const again = await home.start({ relocationRoot, binaries })
  assert.deepEqual(await ask(again.url, 'select count(*) as count from kept'), [{ count: 0 }])
  await again.stop()
  await rm(location, { recursive: true })
  await assert.rejects(home.start(options), (error: Error & { failure?: { code: string } }) => {
    assert.equal(error.failure?.code, 'postgres-data-missing')
    return true
  })
})

/** Starts the server from another process, kills that, and answers the server's process id. */
async function startInKilledProcess(directory: string): Promise<number> {
  const module = new URL('./embedded-postgres.ts', import.meta.url).href
  const script = `import { startEmbeddedPostgres } from ${JSON.stringify(module)}
    const server = await startEmbeddedPostgres({ directory: ${JSON.stringify(directory)},
      databaseName: 'holdfast', onEvent: () => undefined })
    process.stdout.write(server.pid + '\\n')`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const ended = exited.then(([code]) => assert.fail(`the process ended with ${code}`))
  const [text] = (await Promise.race([once(child.stdout, 'data'), ended])) as [Buffer]
  ended.catch(() => undefined)
  child.kill('SIGKILL')
  await exited
  return Number(text.toString())
}

async function ask(url: string, query: string): Promise<unknown[]> {
  const database = openDatabase({ url, applicationName: 'holdfast test' })
  try {
    return (await database.pool.query(query)).rows
  } finally {
    await database.close()
  }
}

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await delay(10)
}
