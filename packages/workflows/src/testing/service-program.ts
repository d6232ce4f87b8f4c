// A service-like process that kills itself, or its mover, where its input says. It stops cleanly
// at the end of its stdin.
import { writeSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { listObligations, openDatabase, requestTaskCancel } from '@holdfast/db'
import type { MoverDetail } from '../mover-obligation.ts'
import type { StepPassage } from '../step-observer.ts'
import {
  isPlaceOf,
  type Kill,
  type ServiceProgramInput,
  type ServiceProgramLine,
} from './kill-plan.ts'
import { startTestService } from './test-service.ts'

const input = JSON.parse(process.argv[2] ?? '{}') as ServiceProgramInput
const kills = [...input.kills]
const database = openDatabase({
  url: input.databaseUrl,
  applicationName: 'holdfast kill test',
  onConnectionLost: () => undefined,
})
const workflows = await startTestService({
  database,
  home: input.home,
  hostRoot: input.hostRoot,
  observer: observe,
  log: {
    debug: () => undefined,
    info: () => undefined,
    warn: (message, fields) => log('warn', message, fields),
    error: (message, fields) => log('error', message, fields),
  },
})
say({ event: 'ready' })
await text(process.stdin)
await workflows.close()
await database.close()

async function observe(passage: StepPassage): Promise<void> {
  await cancelAt(passage)
  const [next] = kills
  if (next === undefined || !isPlaceOf(next, passage)) return
  kills.shift()
  say({ event: 'killing', kill: next })
  if (next.process === 'service') process.kill(process.pid, 'SIGKILL')
  else await killMover(next, passage)
}

async function cancelAt({ step, position }: StepPassage): Promise<void> {
  if (step !== input.cancel?.step || position !== 'before') return
  const { rows } = await database.pool.query('select account_id from tasks where id = $1', [
    input.cancel.taskID,
  ])
  const accountID = String(rows[0]?.account_id)
  await requestTaskCancel(database, { accountID, taskID: input.cancel.taskID })
}

async function killMover(kill: Kill, { workflowID }: StepPassage): Promise<void> {
  const movers = await listObligations(database, { kind: 'mover', workflowID })
  const pids = movers.flatMap(({ detail }) => (detail as MoverDetail).pid ?? [])
  if (pids.length === 0) throw new Error(`No mover to kill: ${JSON.stringify(kill)}`)
  for (const pid of pids) process.kill(pid, 'SIGKILL')
}

function log(level: string, message: string, fields: object | undefined): void {
  say({ event: 'log', level, message: `${message} ${JSON.stringify(fields ?? {})}` })
}

/** At once, also when the process is killed right afterwards. */
function say(line: ServiceProgramLine): void {
  writeSync(1, `${JSON.stringify(line)}\n`)
}
