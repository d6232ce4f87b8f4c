// A PostgreSQL server of Debian's packages, as its administrators run one: by the user postgres, with
// its data in a directory of an app.
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const binaries = findBinaries()
const uid = Number(idOf('-u'))
const gid = Number(idOf('-g'))

/** Why there is no such server here, for `skip`; false when there can be one. */
export const DEBIAN_POSTGRES_MISSING: string | false =
  process.geteuid?.() !== 0 || binaries === undefined || !(uid > 0)
    ? "NOT TESTED: needs root and Debian's package postgresql"
    : false

export interface DebianPostgres {
  /** Where its socket is: what `PGHOST` says. Outside of the app, and writable by its user. */
  readonly socketDirectory: string
  /** The rows that `statement` answers, a line each. */
  sql(database: string, statement: string): string
  start(): void
  /** As a power cut. */
  stop(): void
  /** Stops it and removes what is outside of the data directory. */
  release(): void
}

/** Gives `directory` to its user and starts a server whose data is in `pgdata` there. */
export function startDebianPostgres(directory: string): DebianPostgres {
  const socketDirectory = mkdtempSync(join(tmpdir(), 'holdfast-debian-pg-'))
  for (const path of [directory, socketDirectory]) chownSync(path, uid, gid)
  chmodSync(socketDirectory, 0o755)
  const data = join(directory, 'pgdata')
  const control = (...words: string[]) => asPostgres('pg_ctl', '-w', '-s', '-D', data, ...words)
  const server: DebianPostgres = {
    socketDirectory,
    sql: (database, statement) =>
      asPostgres('psql', '-h', socketDirectory, '-d', database, '-v', 'ON_ERROR_STOP=1').run(
        statement,
      ),
    start() {
      // A restored data directory has the file of the server that ran when it was copied.
      rmSync(join(data, 'postmaster.pid'), { force: true })
      const settings = { listen_addresses: '', fsync: 'off', checkpoint_timeout: '1h' }
      const flags = Object.entries(settings).map(([name, value]) => `-c ${name}='${value}'`)
      const options = [`-k ${socketDirectory}`, ...flags].join(' ')
      control('-l', join(socketDirectory, 'log'), '-o', options, 'start').run()
    },
    stop: () => void control('-m', 'immediate', 'stop').run(),
    release() {
      if (existsSync(join(data, 'postmaster.pid'))) server.stop()
      rmSync(socketDirectory, { recursive: true })
    },
  }
  asPostgres('initdb', '--no-sync', '--auth=trust', '-D', data).run()
  server.start()
  return server
}

function asPostgres(program: string, ...words: string[]) {
  const ids = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups']
  const quiet = program === 'psql' ? ['-Atqf', '-'] : []
  return {
    run(input = ''): string {
      const command = [...ids, '--', join(binaries ?? '', program), ...words, ...quiet]
      // pg_ctl leaves its output to the server that it starts: reading that would never end.
      const output = program === 'pg_ctl' ? 'ignore' : 'pipe'
      const stdio: ('pipe' | 'ignore' | 'inherit')[] = ['pipe', output, 'inherit']
      const options = { cwd: '/', input, stdio, maxBuffer: 64 * 1024 * 1024 }
      return (execFileSync('setpriv', command, options) ?? '').toString().trim()
    },
  }
}

function findBinaries(): string | undefined {
  const versions = existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql') : []
  const path = `/usr/lib/postgresql/${versions.toSorted().at(-1)}/bin`
  return existsSync(`${path}/initdb`) ? path : undefined
}

/** Empty where there is no such user. */
function idOf(flag: '-u' | '-g'): string {
  return spawnSync('id', [flag, 'postgres']).stdout?.toString().trim() ?? ''
}
