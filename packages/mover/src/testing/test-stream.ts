// Jobs of streams for tests.
import { readdirSync, readFileSync } from 'node:fs'
import { encodePathBytes, type MoverJob } from '@holdfast/domain'
import type { TestRepository } from './test-repository.ts'

export type StreamBackupJob = Extract<MoverJob, { readonly kind: 'stream-backup' }>
export type StreamRestoreJob = Extract<MoverJob, { readonly kind: 'stream-restore' }>
type Command = StreamBackupJob['source']

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

export function shellCommand(script: string, changes: Partial<Command> = {}): Command {
  return {
    kind: 'command',
    id: 'a-command',
    words: ['/bin/sh', '-c', script],
    directory: encodePathBytes(Buffer.from('/tmp')),
    environment: { PATH },
    ...changes,
  }
}

export function streamBackupJob(
  { access }: Pick<TestRepository, 'access'>,
  source: string | Command,
  {
    label = {},
    timeoutMs,
  }: { readonly label?: Partial<StreamBackupJob['label']>; readonly timeoutMs?: number } = {},
): StreamBackupJob {
  return {
    kind: 'stream-backup',
    repository: access,
    source: typeof source === 'string' ? shellCommand(source) : source,
    label: {
      time: '2026-01-02T03:04:05Z',
      hostname: 'cluster',
      logicalPath: '/holdfast/stream',
      tags: ['holdfast', 'stream'],
      ...label,
    },
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  }
}

export function streamRestoreJob(
  { access }: Pick<TestRepository, 'access'>,
  repositorySnapshotID: string,
  target: string | Command,
  { timeoutMs }: { readonly timeoutMs?: number } = {},
): StreamRestoreJob {
  return {
    kind: 'stream-restore',
    repository: access,
    repositorySnapshotID,
    logicalPath: '/holdfast/stream',
    target: typeof target === 'string' ? shellCommand(target) : target,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  }
}

/** Processes with this text in their environment: what is left of a command. */
export function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(text)
      } catch {
        // It has ended since, or is none of ours.
        return false
      }
    })
}
