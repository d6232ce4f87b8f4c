// What tests need and not every machine allows, even to root: for the `skip` option of a test.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeSpecialFile } from '../entry-metadata.ts'

/** False, or what is missing. Tried, since containers forbid it to root, too. */
export function mountingMissing(): string | false {
  return missing('mount file systems', (directory) => {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', directory], { stdio: 'pipe' })
    execFileSync('umount', [directory])
  })
}

/** False, or what is missing. */
export function deviceFilesMissing(): string | false {
  return missing('make device files', (directory) =>
    makeSpecialFile(Buffer.from(join(directory, 'null')), {
      type: 'character-device',
      permissions: 0o600,
      deviceNumber: 259n,
    }),
  )
}

function missing(what: string, attempt: (directory: string) => void): string | false {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-ability-'))
  try {
    attempt(directory)
    return false
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n').join(' ') : String(error)
    return `NOT TESTED: this machine does not let us ${what} (${reason})`
  } finally {
    rmSync(directory, { recursive: true })
  }
}
