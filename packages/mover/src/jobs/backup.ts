// Backs up one directory. A run that was done before, whose result got lost, is found by its tags.
import {
  type Hole,
  type MissedEntry,
  type MoverResults,
  NAMED_ENTRIES_MAX,
  showPathBytes,
} from '@holdfast/domain'
import {
  type ArchiveObserver,
  type ArchiveOutcome,
  type ArchiveSource,
  backup,
  parseObjectId,
  type SnapshotId,
} from '@holdfast/engine'
import type { JobContext } from '../job-context.ts'
import { givenHoles, isWorkArea, pathOfJob } from '../job-paths.ts'
import { findKeptResult, keepResult } from '../kept-result.ts'
import { MoverError } from '../mover-error.ts'
import { withLockedRepository } from '../open-repository.ts'
import { backupLabel, copyTags } from '../snapshot-label.ts'
import type { JobOf } from './job-of.ts'

type BackupResult = MoverResults['backup']

export async function runBackup(job: JobOf<'backup'>, context: JobContext): Promise<BackupResult> {
  const label = backupLabel(job.label, context)
  const source = sourceOf(job)
  const parent = job.parentSnapshotID === undefined ? 'newest' : parentOf(job.parentSnapshotID)
  return await withLockedRepository(
    context,
    job.repository,
    'shared',
    async ({ repository, signal, assertLockHeld }) => {
      const done = await findKeptResult<KeptResult>(repository, copyTags(job.label.tags), signal)
      if (done !== undefined) return done
      await repository.loadIndex(signal)
      const findings = observe(job, context)
      const { snapshotId, outcome } = await backup({
        repository,
        source,
        label,
        parent,
        readers: context.readers,
        clock: context.clock,
        observer: findings.observer,
        beforeSnapshot: assertLockHeld,
        annotate: (outcome) => keepResult(findings.resultOf(outcome)),
        signal,
      })
      return { ...findings.resultOf(outcome), repositorySnapshotID: snapshotId ?? '' }
    },
  )
}

type KeptResult = Omit<BackupResult, 'repositorySnapshotID'>

interface Findings {
  readonly observer: ArchiveObserver
  resultOf(outcome: ArchiveOutcome): KeptResult
}

function sourceOf({ source }: JobOf<'backup'>): ArchiveSource {
  const { path, manifestPath, looseEntriesOnly, holdsWorkArea, holes } = source
  return {
    path: pathOfJob(path, 'source path'),
    looseEntriesOnly: looseEntriesOnly ?? false,
    isGivenHole: givenHoles(holes ?? []),
    isExcluded: holdsWorkArea === true ? isWorkArea : undefined,
    manifestPath: manifestPath === undefined ? undefined : pathOfJob(manifestPath, 'manifest path'),
  }
}

function parentOf(text: string): SnapshotId {
  const id = parseObjectId<SnapshotId>(text)
  if (id !== undefined) return id
  throw new MoverError({ code: 'snapshot-not-found', repositorySnapshotID: text })
}

function observe(job: JobOf<'backup'>, { reporter }: JobContext): Findings {
  const missed: MissedEntry[] = []
  let missedCount = 0
  const holes = new Map<string, Hole>()
  for (const hole of job.source.holes ?? []) holes.set(hole.path, hole)
  return {
    observer: {
      onScanned: reporter.scanned,
      onProgress: reporter.progress,
      onWarning({ code, path, message }) {
        reporter.warning({ code, path: showPathBytes(path), message })
      },
      onMissed({ path, reason }) {
        missedCount += 1
        if (missed.length < NAMED_ENTRIES_MAX) missed.push({ path: showPathBytes(path), reason })
      },
      onHole({ path, reason }) {
        const shown = showPathBytes(path)
        holes.set(shown, { path: shown, reason })
      },
    },
    resultOf: (outcome) => ({
      expected: outcome.expected,
      captured: outcome.captured,
      missed,
      missedCount,
      ...reporter.warnings(),
      holes: [...holes.values()],
      filesNew: outcome.filesNew,
      filesChanged: outcome.filesChanged,
      filesUnmodified: outcome.filesUnmodified,
      addedBytes: outcome.addedStoredBytes,
    }),
  }
}
