// Stock restic as a benchmark sees it: its defaults, with a cache of its own.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import type { Contender } from './contender.ts'
import { measureRun } from './measured-run.ts'

export function resticContender(scratch: string): Contender {
  const environment = {
    PATH: '/usr/bin:/bin',
    HOME: scratch,
    TZ: 'UTC',
    RESTIC_PASSWORD: 'bench',
    RESTIC_CACHE_DIR: join(scratch, 'restic-cache'),
  }
  const version = execFileSync('restic', ['version'], { encoding: 'utf8' }).trim()
  return {
    name: 'restic',
    description: `${version}; defaults: zstd "auto" (level "default"), GOMAXPROCS of the machine, cache, scrypt at each start`,
    async init(repository) {
      execFileSync('restic', ['-r', repository, 'init'], { env: environment, stdio: 'pipe' })
    },
    async backup({ repository, tree }) {
      const args = ['-r', repository, '--json', 'backup', tree]
      const { measurement, stdout } = await measureRun({ command: 'restic', args, environment })
      const summary = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as {
        snapshot_id?: string
      }
      if (summary.snapshot_id === undefined) throw new Error('restic named no snapshot.')
      return { measurement, snapshotID: summary.snapshot_id }
    },
    async restore({ repository, snapshotID, tree, target }) {
      const args = ['-r', repository, 'restore', snapshotID, '--target', target]
      const { measurement } = await measureRun({ command: 'restic', args, environment })
      // Restic keeps the whole path of what it saved.
      return { measurement, restored: join(target, tree) }
    },
  }
}
