// After any sequence of backups, forgets and prunes, some of which die in the middle, every
// snapshot that was acknowledged is whole and check agrees.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { systemClock } from '../clock.ts'
import type { SnapshotId } from '../format/ids.ts'
import type { Repository } from '../repository.ts'
import { noise } from '../testing/awkward-tree.ts'
import { dyingBackend, ProcessDied } from '../testing/dying-backend.ts'
import {
  readSyntheticSnapshot,
  type SyntheticTree,
  saveSyntheticSnapshot,
} from '../testing/synthetic-snapshot.ts'
import { testLock } from '../testing/test-lock.ts'
import {
  makeThrowawayRepository,
  type ThrowawayRepository,
} from '../testing/throwaway-repository.ts'
import { check } from './check.ts'
import { forget } from './forget.ts'
import { prune } from './prune.ts'

/** What a process that died may leave; the next prune clears it. */
const LEFTOVER_HINTS: ReadonlySet<string> = new Set([
  'unreferenced-pack',
  'pack-in-several-indexes',
])

type Command =
  | { readonly kind: 'backup'; readonly files: readonly number[]; readonly depth: number }
  | { readonly kind: 'forget'; readonly which: number }
  | { readonly kind: 'prune'; readonly batchMs: number; readonly maxUnusedRatio: number }

interface Step {
  readonly command: Command
  /** The process dies after so many writes, if it comes that far. */
  readonly writes: number | undefined
}

class Model {
  readonly #made: ThrowawayRepository
  /** Acknowledged and not forgotten. */
  readonly #snapshots = new Map<SnapshotId, SyntheticTree>()
  #second = 0

  constructor(made: ThrowawayRepository) {
    this.#made = made
  }

  async run({ command, writes }: Step): Promise<void> {
    const backend = dyingBackend(this.#made.backend, writes ?? Number.POSITIVE_INFINITY)
    const repository = await this.#made.reopen({ backend })
    try {
      await this.#runCommand(command, repository)
    } catch (error) {
      if (!(error instanceof ProcessDied)) throw error
      // A forget that died may have removed its snapshot or not: both are right.
      if (command.kind === 'forget') await this.#dropRemoved()
    }
    await repository.close()
    await this.assertWhole(LEFTOVER_HINTS)
  }

  async pruneCompletely(): Promise<void> {
    const repository = await this.#made.reopen()
    for (let batches = 0; ; batches += 1) {
      assert.ok(batches < 100, 'prune does not end')
      const lock = testLock()
      const options = { repository, lock, clock: systemClock, batchMs: 0, maxUnusedRatio: 0 }
      if ((await prune({ ...options, signal: undefined })).isDone) break
    }
  }

  async assertWhole(allowed: ReadonlySet<string>): Promise<void> {
    const repository = await this.#made.reopen()
    const onProgress = () => undefined
    const findings = await check({ repository, readData: true, onProgress, signal: undefined })
    assert.deepEqual(
      findings.filter(({ code }) => !allowed.has(code)),
      [],
    )
    for (const [id, content] of this.#snapshots) {
      assert.deepEqual(await readSyntheticSnapshot(repository, id), content)
    }
    await repository.close()
  }

  async #runCommand(command: Command, repository: Repository): Promise<void> {
    switch (command.kind) {
      case 'backup': {
        this.#second += 1
        const content = contentOf(command.files, command.depth)
        const label = { second: this.#second, tags: [] }
        this.#snapshots.set(await saveSyntheticSnapshot(repository, content, label), content)
        return
      }
      case 'forget': {
        const ids = [...this.#snapshots.keys()]
        const id = ids[command.which % ids.length]
        if (id === undefined) return
        await forget({ repository, selection: { ids: [id] }, signal: undefined })
        this.#snapshots.delete(id)
        return
      }
      case 'prune': {
        const options = { ...command, repository, lock: testLock(), clock: systemClock }
        await prune({ ...options, signal: undefined })
        return
      }
      default: {
        const never: never = command
        return never
      }
    }
  }

  async #dropRemoved(): Promise<void> {
    const stored = new Set<string>()
    for await (const { name } of this.#made.backend.list('snapshots', undefined)) stored.add(name)
    for (const id of this.#snapshots.keys()) if (!stored.has(id)) this.#snapshots.delete(id)
  }
}

/** Few different files, so that snapshots share some blobs and not others. */
function contentOf(files: readonly number[], depth: number): SyntheticTree {
  const content: SyntheticTree = Object.fromEntries(
    files.map((file) => [`file ${file}`, noise(file, 20_000 + file * 9_000)]),
  )
  return depth === 0 ? content : { ...content, [`deeper ${depth}`]: contentOf(files, depth - 1) }
}

test('any sequence of commands, with deaths in between, leaves a whole repository', async () => {
  const command: fc.Arbitrary<Command> = fc.oneof(
    { weight: 3, arbitrary: backupCommand() },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('forget'), which: fc.nat(20) }) },
    { weight: 2, arbitrary: pruneCommand() },
  )
  const step = fc.record({ command, writes: fc.option(fc.nat(8), { nil: undefined, freq: 2 }) })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
      await using made = await makeThrowawayRepository()
      const model = new Model(made)
      for (const each of steps) await model.run(each)
      await model.pruneCompletely()
      await model.assertWhole(new Set())
    }),
    { numRuns: 60 },
  )
})

function backupCommand(): fc.Arbitrary<Command> {
  return fc.record({
    kind: fc.constant('backup'),
    files: fc.uniqueArray(fc.nat(7), { maxLength: 4 }),
    depth: fc.nat(2),
  })
}

function pruneCommand(): fc.Arbitrary<Command> {
  return fc.record({
    kind: fc.constant('prune'),
    batchMs: fc.constantFrom(0, 60_000),
    maxUnusedRatio: fc.constantFrom(0, 0.05, 0.5),
  })
}
