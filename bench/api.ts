// Lists of the application dialect beside a bare Fastify and PostgreSQL answer of the same rows:
// the time of a page anywhere in a list of 100,000 backups, and time and peak memory of the whole
// list in one answer. Requests alternate, so that whatever else the machine does strikes both.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { startTestService, type TestService } from '@holdfast/cli/testing'
import type { BenchmarkAnswer, BenchmarkOptions } from './engine.ts'
import { textTable } from './text-table.ts'

const ROWS = 100_000
const PAGE = 100

interface Server {
  readonly name: 'bare' | 'holdfast'
  readonly pid: number
  /** The address of a page after the one that answered `body`; of the first without one. */
  readonly pageUrl: (body?: Body) => string | undefined
  readonly wholeUrl: string
  readonly headers: Readonly<Record<string, string>>
}

interface Body {
  readonly items: readonly { readonly id: string; readonly key?: string }[]
  readonly metadata?: { readonly continue?: string }
}

interface Figures {
  readonly pageP50Ms: number
  readonly pageP99Ms: number
  /** Of the last tenth of the list: a page costs the same anywhere. */
  readonly lastPagesP50Ms: number
  readonly wholeMs: number
  readonly wholeBytes: number
  /** Above what the process held before. */
  readonly wholePeakMiB: number
}

export async function benchApi(options: BenchmarkOptions): Promise<BenchmarkAnswer> {
  const rows = Math.round(ROWS * options.scale)
  const service = await startTestService({ database: 'shared' })
  let bare: ChildProcess | undefined
  try {
    await insertBackups(service, rows)
    options.report(`${rows} backups are in the database`)
    bare = startBareServer(service)
    const servers = [await bareServer(bare), holdfastServer(service)] as const
    const figures = await measure(servers, { rows, options })
    return present(figures, { rows, options })
  } finally {
    bare?.kill()
    await service.release()
  }
}

async function insertBackups({ database, owner, client }: TestService, rows: number) {
  if (database === undefined) throw new Error('The service has no database of its own.')
  const { accountID } = owner
  const bucketID = await client.firstBucket()
  const appID = randomUUID()
  const { queries } = database
  const cluster = await queries.selectFrom('clusters').select('id').executeTakeFirstOrThrow()
  await queries
    .insertInto('apps')
    .values({
      id: appID,
      account_id: accountID,
      cluster_id: cluster.id,
      name: 'shop',
      namespace_scoped_resources: JSON.stringify([{ namespace: 'shop' }]),
      state: 'ready',
    })
    .execute()
  const PORTION = 2000
  for (let from = 0; from < rows; from += PORTION) {
    const portion = Array.from({ length: Math.min(PORTION, rows - from) }, (_, at) => ({
      id: randomUUID(),
      account_id: accountID,
      app_id: appID,
      bucket_id: bucketID,
      name: `backup-${from + at}`,
      state: 'completed',
      created_at: new Date(Date.UTC(2026, 0, 1) + (from + at) * 1000),
      taken_at: new Date(Date.UTC(2026, 0, 1) + (from + at) * 1000),
      total_bytes: 1_000_000,
      bytes_done: 1_000_000,
      percent_done: 100,
    }))
    await queries.insertInto('backups').values(portion).execute()
  }
}

function startBareServer({ databaseUrl, owner }: TestService): ChildProcess {
  const program = fileURLToPath(new URL('bare-server.ts', import.meta.url))
  return spawn(process.execPath, [program], {
    env: { DATABASE_URL: databaseUrl ?? '', ACCOUNT_ID: owner.accountID },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

async function bareServer(child: ChildProcess): Promise<Server> {
  if (child.stdout === null || child.pid === undefined) throw new Error('It did not start.')
  const [origin] = (await once(createInterface(child.stdout), 'line')) as [string]
  const pageUrl = (body?: Body): string | undefined => {
    if (body === undefined) return `${origin}/backups?limit=${PAGE}`
    const last = body.items.at(-1)
    if (last === undefined || body.items.length < PAGE) return undefined
    const after = new URLSearchParams({ createdAt: last.key ?? '', id: last.id })
    return `${origin}/backups?limit=${PAGE}&${after}`
  }
  return { name: 'bare', pid: child.pid, pageUrl, wholeUrl: `${origin}/backups`, headers: {} }
}

function holdfastServer({ owner, process }: TestService): Server {
  const list = `${owner.url}/accounts/${owner.accountID}/topology/v1/appBackups`
  const pageUrl = (body?: Body): string | undefined => {
    if (body === undefined) return `${list}?limit=${PAGE}`
    const token = body.metadata?.continue
    return token && `${list}?limit=${PAGE}&${new URLSearchParams({ continue: token })}`
  }
  const headers = { authorization: `Bearer ${owner.token}` }
  return { name: 'holdfast', pid: process.pid, pageUrl, wholeUrl: list, headers }
}

async function measure(
  servers: readonly Server[],
  { rows, options }: { readonly rows: number; readonly options: BenchmarkOptions },
): Promise<Map<Server['name'], Figures>> {
  // Code that was never run is slow: a few hundred pages first.
  await walk(servers, Math.min(rows / PAGE, 300))
  const pages = new Map<Server['name'], number[]>(servers.map(({ name }) => [name, []]))
  for (let round = 0; round < options.rounds; round += 1) {
    const walked = await walk(servers, Number.POSITIVE_INFINITY)
    for (const [name, times] of walked) pages.get(name)?.push(...times)
    options.report(`round ${round + 1}: every page was read`)
  }
  const figures = new Map<Server['name'], Figures>()
  for (const server of servers) {
    const times = pages.get(server.name) ?? []
    const perRound = Math.ceil(times.length / options.rounds)
    const last = times.filter((_, at) => at % perRound >= perRound * 0.9)
    const whole = await readWhole(server)
    if (whole.rows !== rows) throw new Error(`${server.name} answered ${whole.rows} rows.`)
    figures.set(server.name, {
      pageP50Ms: percentile(times, 0.5),
      pageP99Ms: percentile(times, 0.99),
      lastPagesP50Ms: percentile(last, 0.5),
      wholeMs: whole.ms,
      wholeBytes: whole.bytes,
      wholePeakMiB: whole.peakMiB,
    })
  }
  return figures
}

/** Reads page after page, the servers by turns. */
async function walk(servers: readonly Server[], pagesMax: number) {
  const times = new Map<Server['name'], number[]>(servers.map(({ name }) => [name, []]))
  const next = new Map(servers.map((server) => [server.name, server.pageUrl()]))
  for (let page = 0; page < pagesMax; page += 1) {
    for (const server of page % 2 === 0 ? servers : servers.toReversed()) {
      const url = next.get(server.name)
      if (url === undefined) continue
      const started = performance.now()
      const answer = await fetch(url, { headers: server.headers })
      const text = await answer.text()
      times.get(server.name)?.push(performance.now() - started)
      if (answer.status !== 200) throw new Error(`${url} answered ${answer.status}: ${text}`)
      next.set(server.name, server.pageUrl(JSON.parse(text)))
    }
    if ([...next.values()].every((url) => url === undefined)) break
  }
  return times
}

/** The answer is counted as it comes and not held, as a slow client would not either. */
async function readWhole({ pid, wholeUrl, headers }: Server) {
  const before = memoryOf(pid, 'VmRSS')
  const started = performance.now()
  const answer = await fetch(wholeUrl, { headers })
  let bytes = 0
  let rows = 0
  let tail = ''
  for await (const part of answer.body ?? []) {
    bytes += part.length
    // A name is in every row once; one that is cut between two parts is found in the next.
    const text = tail + Buffer.from(part).toString('latin1')
    const found = [...text.matchAll(/"name":"backup-/g)]
    rows += found.length
    const end = found.at(-1)?.index
    tail = text.slice(end === undefined ? -16 : Math.max(end + 1, text.length - 16))
  }
  const ms = performance.now() - started
  return { ms, bytes, rows, peakMiB: Math.max(0, memoryOf(pid, 'VmHWM') - before) }
}

function memoryOf(pid: number, figure: 'VmRSS' | 'VmHWM'): number {
  const found = new RegExp(`^${figure}:\\s+(\\d+) kB$`, 'm').exec(
    readFileSync(`/proc/${pid}/status`, 'utf8'),
  )
  return Number(found?.[1]) / 1024
}

function percentile(times: readonly number[], share: number): number {
  const sorted = times.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

const LINES: readonly (readonly [string, keyof Figures, string])[] = [
  [`page of ${PAGE}, p50`, 'pageP50Ms', 'ms'],
  [`page of ${PAGE}, p99`, 'pageP99Ms', 'ms'],
  ['pages of the last tenth, p50', 'lastPagesP50Ms', 'ms'],
  ['whole list, time', 'wholeMs', 'ms'],
  ['whole list, memory above rest', 'wholePeakMiB', 'MiB'],
]

function present(
  figures: ReadonlyMap<Server['name'], Figures>,
  { rows, options }: { readonly rows: number; readonly options: BenchmarkOptions },
): BenchmarkAnswer {
  const [bare, holdfast] = [figures.get('bare'), figures.get('holdfast')]
  if (bare === undefined || holdfast === undefined) throw new Error('A server was not measured.')
  const table = LINES.map(([label, key, unit]) => [
    `${label} (${unit})`,
    bare[key].toFixed(1),
    holdfast[key].toFixed(1),
    (holdfast[key] / bare[key]).toFixed(2),
  ])
  const machine = { processors: cpus().length, model: cpus()[0]?.model, memoryBytes: totalmem() }
  return {
    table: [
      `${rows} backups, every page read ${options.rounds} times; a ratio above 1 means that holdfast takes more\n`,
      textTable([['', 'bare', 'holdfast', 'ratio'], ...table]),
    ].join('\n'),
    result: { benchmark: 'api', rows, rounds: options.rounds, machine, bare, holdfast },
  }
}
