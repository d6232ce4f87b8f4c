// Holdfast's mover beside stock restic: full backup, unchanged backup and restore of one seeded
// tree, alternating in one run, so that whatever else the machine does strikes both alike.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { compareTrees, readTree } from '@holdfast/cli/testing'
import type { Contender } from './contender.ts'
import { holdfastContender } from './holdfast-contender.ts'
import type { Measurement } from './measured-run.ts'
import { resticContender } from './restic-contender.ts'
import { makeSeededTree, type SeededTree } from './seeded-tree.ts'
import { textTable } from './text-table.ts'

export interface BenchmarkOptions {
  readonly scale: number
  readonly rounds: number
  readonly seed: number
  /** Holds tree, repositories and restored trees; the temporary directory when undefined. */
  readonly directory: string | undefined
  readonly report: (line: string) => void
}

export interface BenchmarkAnswer {
  readonly table: string
  readonly result: unknown
}

const PHASES = ['full', 'unchanged', 'restore'] as const
type Phase = (typeof PHASES)[number]
type Round = Readonly<Record<Phase, Measurement>> & { readonly repositoryBytes: number }

export async function benchEngine(options: BenchmarkOptions): Promise<BenchmarkAnswer> {
  const scratch = mkdtempSync(join(options.directory ?? tmpdir(), 'holdfast-bench-'))
  try {
    const tree = join(scratch, 'tree')
    mkdirSync(tree)
    const made = makeSeededTree({ root: tree, seed: options.seed, scale: options.scale })
    options.report(describeTree(made))
    const contenders = [resticContender(scratch), holdfastContender()] as const
    const rounds = new Map<string, Round[]>(contenders.map(({ name }) => [name, []]))
    for (let round = 0; round < options.rounds; round += 1) {
      // Whoever starts finds the colder caches: take turns.
      const order = round % 2 === 0 ? contenders : contenders.toReversed()
      for (const contender of order) {
        const measured = await runRound({ contender, tree, scratch, isVerified: round === 0 })
        rounds.get(contender.name)?.push(measured)
        options.report(`round ${round + 1} ${contender.name}: ${shortRound(measured)}`)
      }
    }
    return present({ options, made, contenders, rounds })
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

async function runRound(request: {
  readonly contender: Contender
  readonly tree: string
  readonly scratch: string
  readonly isVerified: boolean
}): Promise<Round> {
  const { contender, tree, scratch } = request
  const repository = join(scratch, `repository-${contender.name}`)
  const target = join(scratch, `restored-${contender.name}`)
  try {
    await contender.init(repository)
    settle()
    const full = await contender.backup({ repository, tree })
    settle()
    const unchanged = await contender.backup({ repository, tree })
    const repositoryBytes = allocatedBytes(repository)
    mkdirSync(target)
    settle()
    const { snapshotID } = unchanged
    const restore = await contender.restore({ repository, snapshotID, tree, target })
    if (request.isVerified) verify({ contender, tree, restored: restore.restored })
    return {
      full: full.measurement,
      unchanged: unchanged.measurement,
      restore: restore.measurement,
      repositoryBytes,
    }
  } finally {
    rmSync(repository, { recursive: true, force: true })
    rmSync(target, { recursive: true, force: true })
  }
}

/** What one phase left to be written must not slow the next one. */
function settle(): void {
  execFileSync('sync')
}

function allocatedBytes(path: string): number {
  return Number(execFileSync('du', ['-sb', path], { encoding: 'utf8' }).split('\t')[0])
}

function verify(request: {
  readonly contender: Contender
  readonly tree: string
  readonly restored: string
}): void {
  const { differences } = compareTrees(readTree(request.tree), readTree(request.restored))
  if (differences.length > 0) {
    throw new Error(`${request.contender.name} restored another tree:\n${differences.join('\n')}`)
  }
}

interface Presented {
  readonly options: BenchmarkOptions
  readonly made: SeededTree
  readonly contenders: readonly [Contender, Contender]
  readonly rounds: ReadonlyMap<string, readonly Round[]>
}

function present({ options, made, contenders, rounds }: Presented): BenchmarkAnswer {
  const [restic, holdfast] = contenders
  const resticRounds = rounds.get(restic.name) ?? []
  const holdfastRounds = rounds.get(holdfast.name) ?? []
  const phases = PHASES.map((phase) => ({
    phase,
    restic: medians(resticRounds.map((round) => round[phase])),
    holdfast: medians(holdfastRounds.map((round) => round[phase])),
  }))
  const sizes = {
    restic: median(resticRounds.map((round) => round.repositoryBytes)),
    holdfast: median(holdfastRounds.map((round) => round.repositoryBytes)),
  }
  const table = [
    describeTree(made),
    `${restic.name}: ${restic.description}`,
    `${holdfast.name}: ${holdfast.description}`,
    `median of ${options.rounds} rounds; a ratio above 1 means that holdfast takes more\n`,
    phaseTable(phases, sizes),
  ].join('\n')
  const result = {
    benchmark: 'engine',
    options: { scale: options.scale, rounds: options.rounds, seed: options.seed },
    machine: {
      processors: cpus().length,
      model: cpus()[0]?.model,
      memoryBytes: totalmem(),
      node: process.version,
    },
    tree: made,
    contenders: contenders.map(({ name, description }) => ({ name, description })),
    phases: phases.map((row) => ({ ...row, ratio: ratios(row.holdfast, row.restic) })),
    repositoryBytes: sizes,
    rounds: Object.fromEntries(rounds),
  }
  return { table, result }
}

interface PhaseRow {
  readonly phase: Phase
  readonly restic: Measurement
  readonly holdfast: Measurement
}

function phaseTable(
  phases: readonly PhaseRow[],
  sizes: { readonly restic: number; readonly holdfast: number },
): string {
  const rows = [['', 'restic', 'holdfast', 'ratio']]
  for (const { phase, restic, holdfast } of phases) {
    const ratio = ratios(holdfast, restic)
    rows.push(
      [
        `${phase}, wall`,
        seconds(restic.wallSeconds),
        seconds(holdfast.wallSeconds),
        fixed(ratio.wall),
      ],
      [`${phase}, cpu`, seconds(restic.cpuSeconds), seconds(holdfast.cpuSeconds), fixed(ratio.cpu)],
      [`${phase}, peak memory`, mib(restic.peakMiB), mib(holdfast.peakMiB), fixed(ratio.peak)],
    )
  }
  const mebibyte = 1024 * 1024
  rows.push([
    'repository',
    mib(sizes.restic / mebibyte),
    mib(sizes.holdfast / mebibyte),
    fixed(sizes.holdfast / sizes.restic),
  ])
  return textTable(rows)
}

function medians(measurements: readonly Measurement[]): Measurement {
  return {
    wallSeconds: median(measurements.map((one) => one.wallSeconds)),
    cpuSeconds: median(measurements.map((one) => one.cpuSeconds)),
    peakMiB: median(measurements.map((one) => one.peakMiB)),
  }
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

function ratios(
  ours: Measurement,
  theirs: Measurement,
): { readonly wall: number; readonly cpu: number; readonly peak: number } {
  return {
    wall: ours.wallSeconds / theirs.wallSeconds,
    cpu: ours.cpuSeconds / theirs.cpuSeconds,
    peak: ours.peakMiB / theirs.peakMiB,
  }
}

function shortRound(round: Round): string {
  return PHASES.map((phase) => {
    const { wallSeconds, cpuSeconds, peakMiB } = round[phase]
    return `${phase} ${seconds(wallSeconds)} (cpu ${seconds(cpuSeconds)}, ${mib(peakMiB)})`
  }).join(', ')
}

function describeTree({ files, directories, bytes }: SeededTree): string {
  return `tree: ${files} files, ${directories} directories, ${(bytes / 1e9).toFixed(2)} GB`
}

function seconds(value: number): string {
  return `${value.toFixed(2)} s`
}

function mib(value: number): string {
  return `${value.toFixed(0)} MiB`
}

function fixed(value: number): string {
  return value.toFixed(2)
}
