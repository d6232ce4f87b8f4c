// A PostgreSQL of Debian's packages, backed up by its dump and restored from it: the data comes back,
// whatever is killed on the way, and stock restic sees the same bytes.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { findStockRestic, runStockRestic } from '../demo/stock-restic.ts'
import type { AppBody, CopyBody, Listed } from '../service-client.ts'
import { assertCleanRepository } from '../testing/clean-repository.ts'
import {
  type ContainerBackupBody,
  type ContainerBackups,
  containerBackups,
  hexIDOf,
} from '../testing/container-backups.ts'
import {
  type ContainerClient,
  containerClient,
  type JobBody,
  whenJobEnds,
} from '../testing/container-client.ts'
import {
  DEBIAN_POSTGRES_MISSING,
  type DebianPostgres,
  startDebianPostgres,
} from '../testing/debian-postgres.ts'
import { eventually } from '../testing/eventually.ts'
import { showLogOfFailure } from '../testing/log-of-failure.ts'
import { moversOf, readProcess } from '../testing/processes.ts'
import { startTestService, type TestService } from '../testing/service.ts'

const resticVersion = await findStockRestic()
const skip = DEBIAN_POSTGRES_MISSING || (resticVersion === undefined && 'NOT TESTED: needs restic')

const DOCUMENT = new URL('../../../../docs/database-dumps.md', import.meta.url)
const ROWS = 150_000
/** Kept by a command that is to be met while it runs. */
const HANG = 'sleep 3333'

describe('a PostgreSQL by its dump', { skip }, () => {
  let hostRoot: string
  let service: TestService
  let server: DebianPostgres
  let client: ContainerClient
  let app: AppBody
  let backups: ContainerBackups
  let first: ContainerBackupBody

  before(async () => {
    // Not below the service's home, where the user postgres cannot go.
    hostRoot = mkdtempSync(join(tmpdir(), 'holdfast-pg-apps-'))
    chmodSync(hostRoot, 0o755)
    service = await startTestService({ database: 'shared', hostRoot })
    const directory = join(hostRoot, 'shop')
    service.makeVolume('shop', 'files')
    server = startDebianPostgres(directory)
    server.sql('postgres', 'create database shop')
    server.sql('shop', `create table orders as ${orders(1, ROWS)}`)
    server.sql('shop', 'alter table orders add primary key (id)')
    app = await service.client.manageApp('shop', ['shop'])
    await connect()
  })
  after(async () => {
    await service?.release()
    server?.release()
    rmSync(hostRoot, { recursive: true, force: true })
  })
  afterEach((t) => showLogOfFailure(t, service))

  test('the commands are configured as the configuration was read', async () => {
    await configure({ backup: dump('shop'), restore: load('shop') })
  })

  test('a dump is streamed into a backup', async () => {
    first = await backUp()
    assertLive(first)
    assert.equal(first.target.size, readFileSync(lastDump()).length)
    const log = only(await backups.logs(first.id))
    assert.equal(log.type, 'backup')
    assert.match(log.log, /pg_dump/)
    assert.ok((log.error ?? null) === null)
  })

  test('changed rows come back', async () => {
    const before = contents()
    server.sql('shop', "update orders set customer = 'nobody' where id % 7 = 0")
    server.sql('shop', 'delete from orders where id % 11 = 0')
    assert.notEqual(contents(), before)
    const job = await backups.restore(first.id)
    assertCompleted(job)
    assert.equal(contents(), before)
  })

  test('a dropped database comes back, and the log tells of it', async () => {
    const before = contents()
    server.sql('postgres', 'drop database shop with (force)')
    const job = await backups.restore(first.id)
    assertCompleted(job)
    assert.equal(contents(), before)
    const log = await lastRestoreLog(first.id)
    assert.match(log?.log ?? '', /pg_restore/)
    for (const snapshot of await snapshots()) {
      const told = (await backups.logs(first.id)).some(({ log }) => log.includes(snapshot.id))
      assert.ok(told, `no log names the snapshot ${snapshot.id}`)
    }
    assert.equal((await snapshots()).length, 2, 'each restore takes a snapshot before')
  })

  test('the pair of the documentation, restored in the other dialect', async () => {
    const before = contents()
    const [pair = assert.fail('no pair')] =
      /^\{\n {2}"backup".*?^\}$/ms.exec(readFileSync(DOCUMENT, 'utf8')) ?? []
    const documented = JSON.parse(pair) as Record<'backup' | 'restore', { command: string }>
    const here = `export PGHOST=${server.socketDirectory};`
    await configure({
      backup: `${here} ${documented.backup.command}`,
      restore: `${here} ${documented.restore.command}`,
    })
    const { id } = await backups.whenLive(await backups.start())
    server.sql('shop', 'truncate orders')
    const { items } = await service.client.get<Listed<CopyBody>>(
      `/k8s/v1/apps/${app.id}/appBackups`,
    )
    const backup = only(items.filter((item) => hexIDOf(item.id) === id))
    const answer = await service.client.startRestore(app.id, { backupID: backup.id })
    assert.equal(answer.status, 204, JSON.stringify(answer.body))
    await service.client.whenReady(app.id)
    assert.equal(contents(), before)
    await backups.remove(id)
    await configure()
  })

  test('a second backup of much the same adds little', async () => {
    server.sql('shop', `insert into orders ${orders(ROWS + 1, ROWS + 100)}`)
    const before = await bucketBytes()
    const second = await backUp()
    assertLive(second)
    const added = (await bucketBytes()) - before
    assert.ok(second.target.size > first.target.size)
    assert.ok(added < first.target.size / 4, `${added} of ${second.target.size} bytes were added`)
  })

  test('stock restic dumps the same bytes and finds no error', async () => {
    const newest = await backUp()
    const repository = await service.client.repositoryOf(await service.client.firstBucket())
    const listed = JSON.parse(
      await runStockRestic(['snapshots', '--json', '--tag', 'stream'], repository),
    ) as { id: string; paths: string[] }[]
    assert.equal(listed.length, 3)
    const found = listed.find(({ id }) => id === newest.target.file_id)
    assert.deepEqual(found?.paths, ['/holdfast/stream'])
    const { stdout } = await promisify(execFile)(
      'restic',
      ['--no-cache', '-r', repository.url, 'dump', found?.id ?? '', '/holdfast/stream'],
      {
        env: { ...process.env, RESTIC_PASSWORD: repository.password },
        encoding: 'buffer',
        maxBuffer: 256 * 1024 * 1024,
      },
    )
    assert.ok(stdout.equals(readFileSync(lastDump())), 'restic dumps other bytes')
    assert.match(await runStockRestic(['check', '--read-data'], repository), /no errors were found/)
  })

  test('a command that fails makes no backup, and says why', async () => {
    await configure({ backup: `pg_dump -h ${server.socketDirectory} no_such_database` })
    const failed = await backUp()
    assert.equal(failed.state.current, 'deleted')
    assert.match(failed.state.error?.message ?? '', /exit code 1.*no_such_database/s)
    const log = only(await backups.logs(failed.id))
    assert.match(log.error?.message ?? '', /exit code 1/)
    assert.match(log.log, /no_such_database/)
    await assertNothingIsKept(failed)
    await backups.remove(failed.id)
  })

  test('a command that hangs ends at its time', async () => {
    await configure({ backup: `${dump('shop')} && ${HANG} 1`, timeout: '2s' })
    const failed = await backUp()
    assert.equal(failed.state.current, 'deleted')
    assert.match(failed.state.error?.message ?? '', /2 s/)
    assertNoneHangs()
    await assertNothingIsKept(failed)
  })

  test('a command that is killed half way makes no backup', async () => {
    await configure({ backup: `pg_dump ${at()} shop | head -c 1000000; kill -KILL $$` })
    const failed = await backUp()
    assert.equal(failed.state.current, 'deleted')
    assert.match(failed.state.error?.message ?? '', /SIGKILL/)
    await assertNothingIsKept(failed)
  })

  test('a restore whose command fails says what undoes it', async () => {
    const before = contents()
    await configure({ restore: `psql -q ${at()} -d shop -c 'truncate orders'; exit 9` })
    const known = (await snapshots()).map(({ id }) => id)
    const job = await backups.restore(first.id)
    assert.equal(job.state.current, 'error')
    assert.match(job.state.error?.message ?? '', /exit code 9/)
    const safety = only((await snapshots()).filter(({ id }) => !known.includes(id)))
    await assertAppFailed(safety)
    // The data is as the command left it: nothing is undone unasked.
    assert.equal(server.sql('shop', 'select count(*) from orders'), '0')
    await undo(safety)
    assert.equal(contents(), before)
  })

  test('a backup goes on from its beginning when the service was killed', async () => {
    const mark = join(server.socketDirectory, 'begun')
    const backup = `[ -e ${mark} ] || { touch ${mark}; head -c 300000 /dev/zero; ${HANG} 2; }; ${dump('shop')}`
    await configure({ backup })
    const started = await backups.start()
    await eventually(async () => assert.ok(existsSync(mark)))
    await killAndStart()
    const ended = await backups.whenEnded(started)
    assertLive(ended)
    assert.equal(ended.target.size, readFileSync(lastDump()).length)
    assertNoneHangs()
    await assertCleanRepository(service)
  })

  test('a restore that was interrupted is not run again, and its snapshot undoes it', async () => {
    const before = contents()
    const marks = join(server.socketDirectory, 'runs')
    const wreck = `psql -q ${at()} -d postgres -c 'drop database shop with (force)'`
    await configure({ restore: `echo run >> ${marks}; ${wreck}; ${HANG} 3` })
    const known = (await snapshots()).map(({ id }) => id)
    const { id } = (await backups.startRestore(first.id)).job
    await eventually(async () => assert.ok(existsSync(marks)))
    await eventually(async () => assert.equal(databases(), ''))
    // The mover has no time to end its command: only the next start finds that.
    const movers = moversOf(service.process.pid)
    for (const pid of movers) process.kill(pid, 'SIGSTOP')
    await service.kill()
    for (const pid of movers) process.kill(pid, 'SIGKILL')
    assert.notDeepEqual(hanging(), [])
    await service.start()
    await connect()
    const job = await whenJobEnds(client, id)
    assert.equal(job.state.current, 'error')
    const safety = only((await snapshots()).filter((one) => !known.includes(one.id)))
    await assertAppFailed(safety)
    const log = await lastRestoreLog(first.id)
    assert.match(log?.log ?? '', new RegExp(safety.id))
    assert.ok((log?.error?.message ?? '') !== '')
    assert.equal(readFileSync(marks, 'utf8'), 'run\n', 'the command ran a second time')
    assertNoneHangs()
    await undo(safety)
    assert.equal(contents(), before)
    await assertCleanRepository(service)
  })

  test('every backup goes', async () => {
    await Promise.all((await backups.list()).map(({ id }) => backups.remove(id)))
    await assertCleanRepository(service)
    const repository = await service.client.repositoryOf(await service.client.firstBucket())
    const streams = await runStockRestic(['snapshots', '--json', '--tag', 'stream'], repository)
    assert.deepEqual(JSON.parse(streams), [])
  })

  /** With the present address and token of the service. */
  async function connect(): Promise<void> {
    const { url, hubID, token } = service.owner
    client = containerClient({ url, hubID, apiKey: token })
    backups = await containerBackups(client, service, hexIDOf(app.id))
  }

  async function killAndStart(): Promise<void> {
    await service.kill()
    await service.start()
    await connect()
  }

  const at = () => `-h ${server.socketDirectory}`
  const lastDump = () => join(server.socketDirectory, 'last-dump')
  // Uncompressed, so that what is the same in two dumps is so in its bytes.
  const dump = (database: string) =>
    `pg_dump ${at()} --format=custom --compress=0 ${database} > ${lastDump()} && cat ${lastDump()} > /dev/stdout`
  const load = (database: string) =>
    `dropdb --if-exists --force ${at()} ${database} && pg_restore ${at()} --create --exit-on-error -d postgres < /dev/stdin`
  const contents = () =>
    server.sql(
      'shop',
      'select count(*), md5(string_agg(o::text, chr(10) order by id)) from orders o',
    )
  const databases = () =>
    server.sql('postgres', "select datname from pg_database where datname = 'shop'")

  async function configure(
    change: { readonly backup?: string; readonly timeout?: string; readonly restore?: string } = {},
  ): Promise<void> {
    await backups.configure({
      backup: { command: change.backup ?? dump('shop'), timeout: change.timeout ?? null },
      restore: { command: change.restore ?? load('shop'), timeout: '10m' },
      retention: '365d',
    })
  }

  const backUp = async () => backups.whenEnded(await backups.start())

  async function lastRestoreLog(id: string) {
    return (await backups.logs(id)).filter(({ type }) => type === 'restore').at(-1)
  }

  async function snapshots(): Promise<readonly CopyBody[]> {
    const path = `/k8s/v1/apps/${app.id}/appSnaps`
    return (await service.client.get<Listed<CopyBody>>(path)).items
  }

  async function assertAppFailed(safety: CopyBody): Promise<void> {
    const { state, stateDetails } = await service.client.get<AppBody>(`/k8s/v2/apps/${app.id}`)
    assert.equal(state, 'failed')
    const told = JSON.stringify(stateDetails)
    assert.match(told, /as the command left it/)
    assert.ok(told.includes(safety.name) || told.includes(safety.id), told)
  }

  /** As the administrator of a server whose data directory is replaced. */
  async function undo(safety: CopyBody): Promise<void> {
    server.stop()
    const answer = await service.client.startRestore(app.id, { snapshotID: safety.id })
    assert.equal(answer.status, 204, JSON.stringify(answer.body))
    await service.client.whenReady(app.id)
    server.start()
  }

  async function assertNothingIsKept({ id }: ContainerBackupBody): Promise<void> {
    const { url, password } = await service.client.repositoryOf(await service.client.firstBucket())
    const listed = await runStockRestic(['snapshots', '--json'], { url, password })
    const kept = (JSON.parse(listed) as { tags?: string[] }[]).flatMap(({ tags }) => tags ?? [])
    const ofBackup = kept.filter((tag) => hexIDOf(tag.replace('backup=', '')) === id)
    assert.deepEqual(ofBackup, [])
  }

  async function bucketBytes(): Promise<number> {
    const { url } = await service.client.repositoryOf(await service.client.firstBucket())
    const data = join(url, 'data')
    const names = readdirSync(data, { recursive: true, encoding: 'utf8' })
    const files = names.filter((name) => name.split('/').at(-1)?.length === 64)
    return files.reduce((sum, name) => sum + readFileSync(join(data, name)).length, 0)
  }
})

/** Rows that compress little, as those of a real database. */
function orders(from: number, to: number): string {
  return `select i as id, md5(i::text) as customer, md5((-i)::text) as note from generate_series(${from}, ${to}) i`
}

function assertLive({ state }: ContainerBackupBody): void {
  assert.equal(state.current, 'live', state.error?.message ?? '')
}

function assertCompleted({ state }: JobBody): void {
  assert.equal(state.current, 'completed', state.error?.message ?? '')
}

function assertNoneHangs(): void {
  assert.deepEqual(hanging(), [])
}

function hanging(): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => (readProcess(Number(pid), 'cmdline') ?? '').replaceAll('\0', ' '))
    .filter((line) => line.startsWith(HANG))
}

function only<Value>(values: readonly Value[]): Value {
  const [value, ...more] = values
  assert.ok(value !== undefined && more.length === 0, `${values.length} instead of one`)
  return value
}
