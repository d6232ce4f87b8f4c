// `npm run bench -- <name>`: runs one benchmark, prints its table and keeps its numbers.
import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { benchApi } from './api.ts'
import { benchEngine } from './engine.ts'

const BENCHMARKS = { api: benchApi, engine: benchEngine } as const

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** Size of the data: 1 is the size that results are recorded with. */
    scale: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    /** Where the data goes; the temporary directory when absent. */
    directory: { type: 'string' },
  },
})

const [name] = positionals
if (name === undefined || !(name in BENCHMARKS)) {
  sayOnStandardError(
    `Usage: npm run bench -- <${Object.keys(BENCHMARKS).join('|')}> [--scale 0.1] [--rounds 3]`,
  )
  process.exit(2)
}

const scale = positiveNumber('scale', values.scale)
const { table, result } = await BENCHMARKS[name as keyof typeof BENCHMARKS]({
  scale,
  rounds: Math.ceil(positiveNumber('rounds', values.rounds)),
  seed: Number(values.seed),
  directory: values.directory,
  report: sayOnStandardError,
})
const results = new URL('./results/', import.meta.url)
mkdirSync(results, { recursive: true })
// Only a run of the full size is the record.
const file = new URL(scale === 1 ? `${name}.json` : `${name}-scale-${scale}.json`, results)
writeFileSync(file, `${JSON.stringify(result, undefined, 2)}\n`)
console.log(table)

function positiveNumber(option: string, text: string): number {
  const number = Number(text)
  if (!(number > 0)) throw new RangeError(`--${option} must be a positive number, not ${text}.`)
  return number
}

function sayOnStandardError(line: string): void {
  process.stderr.write(`${line}\n`)
}
