// What a power cut leaves cannot be tried in a test; the order of system calls that decides it can.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { localBackendIn, makeThrowawayDirectory } from '../testing/throwaway-repository.ts'

const FIXTURE = fileURLToPath(new URL('../testing/fixtures/save-one-object.ts', import.meta.url))

test('a pack is on the disk before it has its name, and so is its name', {
  skip: traceMissing(),
}, async () => {
  await using directory = await makeThrowawayDirectory()
  const backend = localBackendIn(directory.path)
  await backend.create(undefined)
  const log = join(directory.path, 'trace')
  const calls =
    'openat,write,writev,pwrite64,pwritev,fsync,fdatasync,rename,renameat,renameat2,chmod,fchmodat'
  execFileSync(
    'strace',
    ['-f', '-y', '-o', log, '-e', `trace=${calls}`, process.execPath, FIXTURE, backend.url],
    { stdio: 'pipe' },
  )
  const lines = (await readFile(log, 'utf8'))
    .split('\n')
    .filter((line) => line.includes(backend.url))
  const steps = lines.flatMap((line) => stepOf(line) ?? [])
  assert.deepEqual(steps, [
    'create temporary file',
    'write temporary file',
    'fsync temporary file',
    'rename',
    'open directory',
    'fsync directory',
    'make read-only',
  ])
})

function stepOf(line: string): string | undefined {
  const isTemporary = line.includes('-tmp-')
  if (/openat\(.*O_CREAT/.test(line)) return 'create temporary file'
  if (/openat\(/.test(line)) return 'open directory'
  if (/p?writev?(64)?\(/.test(line)) return `write ${isTemporary ? 'temporary file' : 'elsewhere'}`
  if (/f(data)?sync\(/.test(line)) return `fsync ${isTemporary ? 'temporary file' : 'directory'}`
  if (/rename(at2?)?\(/.test(line)) return 'rename'
  if (/f?chmod(at)?\(/.test(line)) return 'make read-only'
  return undefined
}

function traceMissing(): string | false {
  const { status } = spawnSync('strace', ['-o', '/dev/null', 'true'])
  return status === 0
    ? false
    : 'strace is missing or may not trace here: install the package `strace`'
}
