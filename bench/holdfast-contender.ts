// Holdfast's mover as a benchmark sees it: the program that the service starts, one job each.
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import {
  encodePathBytes,
  type MoverEvent,
  type MoverJob,
  type MoverJobKind,
  type MoverResults,
  parseId,
  type RepositoryAccess,
  type RepositoryId,
} from '@holdfast/domain'
import type { Contender } from './contender.ts'
import { type Measurement, measureRun } from './measured-run.ts'

export function holdfastContender(): Contender {
  const repositories = new Map<string, RepositoryAccess>()
  return {
    name: 'holdfast',
    description: `mover on Node ${process.version}; zstd level 3 (restic's "auto" is the same level of another implementation), keys given, no cache`,
    async init(repository) {
      repositories.set(repository, await initRepository(repository))
    },
    async backup({ repository, tree }) {
      const { measurement, result } = await runMover({
        kind: 'backup',
        repository: accessTo(repository),
        source: { kind: 'directory', path: encodePathBytes(Buffer.from(tree)) },
        label: {
          time: new Date().toISOString(),
          hostname: 'bench',
          logicalPath: LOGICAL_PATH,
          tags: ['bench'],
        },
      })
      if (result.missedCount > 0) throw new Error(`missed ${JSON.stringify(result.missed)}`)
      return { measurement, snapshotID: result.repositorySnapshotID }
    },
    async restore({ repository, snapshotID, target }) {
      const { measurement } = await runMover({
        kind: 'restore',
        repository: accessTo(repository),
        repositorySnapshotID: snapshotID,
        logicalPath: LOGICAL_PATH,
        targetPath: encodePathBytes(Buffer.from(target)),
      })
      return { measurement, restored: target }
    },
  }

  function accessTo(repository: string): RepositoryAccess {
    const access = repositories.get(repository)
    if (access === undefined) throw new Error(`${repository} was not initialised.`)
    return access
  }
}

const LOGICAL_PATH = '/bench/tree'
const LOCK_HOSTNAME = 'holdfast-bench'
const PROGRAM = fileURLToPath(new URL('../packages/cli/src/main.ts', import.meta.url))

async function initRepository(repository: string): Promise<RepositoryAccess> {
  const store = { kind: 'local', path: encodePathBytes(Buffer.from(repository)) } as const
  const { result } = await runMover({
    kind: 'init',
    store,
    password: 'bench',
    lockHostname: LOCK_HOSTNAME,
  })
  const id = parseId<RepositoryId>(randomUUID())
  if (id === undefined) throw new Error('randomUUID made no UUID.')
  return { id, store, keys: result.keys, lockHostname: LOCK_HOSTNAME }
}

async function runMover<Job extends MoverJob>(
  job: Job,
): Promise<{ readonly measurement: Measurement; readonly result: MoverResults[Job['kind']] }> {
  const { measurement, stdout } = await measureRun({
    command: process.execPath,
    args: [PROGRAM, 'mover'],
    environment: { PATH: '/usr/bin:/bin', HOME: '/nonexistent' },
    input: `${JSON.stringify(job)}\n`,
  })
  const last = stdout.trim().split('\n').at(-1) ?? ''
  const event = JSON.parse(last) as MoverEvent<MoverJobKind>
  if (event.event !== 'result') throw new Error(`The ${job.kind} job ended with ${last}`)
  return { measurement, result: event.result as MoverResults[Job['kind']] }
}
