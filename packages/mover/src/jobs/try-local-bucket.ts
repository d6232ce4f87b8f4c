// Tries what a repository needs of a directory, and removes what it made.
import { opendir, readFile, stat, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BucketFinding, BucketFindingCode } from '@holdfast/domain'
import type { RandomBytes } from '@holdfast/engine'
import { describeErrno } from '@holdfast/filesystem'

export interface TryLocalBucketOptions {
  /** Absolute. */
  readonly path: string
  readonly randomBytes: RandomBytes
  readonly signal: AbortSignal
}

export async function tryLocalBucket({
  path,
  randomBytes,
  signal,
}: TryLocalBucketOptions): Promise<BucketFinding[]> {
  const content = Buffer.from(randomBytes(32))
  const file = join(path, `holdfast-trial-${content.toString('hex', 0, 16)}`)
  const steps: readonly (readonly [BucketFindingCode, () => Promise<boolean>])[] = [
    ['bucket-not-found', async () => (await stat(path)).isDirectory()],
    [
      'not-listable',
      async () =>
        await opendir(path)
          .then((directory) => directory.close())
          .then(() => true),
    ],
    [
      'not-writable',
      async () => await writeFile(file, content, { flag: 'wx', mode: 0o600 }).then(() => true),
    ],
    ['not-readable', async () => content.equals(await readFile(file))],
    ['not-deletable', async () => await unlink(file).then(() => true)],
  ]
  for (const [code, isFine] of steps) {
    signal.throwIfAborted()
    const reason = await reasonAgainst(isFine)
    if (reason === undefined) continue
    if (code === 'not-readable') await unlink(file).catch(() => undefined)
    return [{ code, detail: `${SENTENCES[code] ?? ''} ${path}: ${reason}. ${REMEDY}` }]
  }
  return []
}

const SENTENCES: Readonly<Partial<Record<BucketFindingCode, string>>> = {
  'bucket-not-found': 'There is no directory',
  'not-listable': 'The service may not list',
  'not-writable': 'The service cannot write into',
  'not-readable': 'What was written cannot be read in',
  'not-deletable': 'What was written cannot be deleted in',
}

const REMEDY = 'Make or mount the directory and give the user of the service all rights in it.'

async function reasonAgainst(isFine: () => Promise<boolean>): Promise<string | undefined> {
  try {
    return (await isFine()) ? undefined : 'it is not what was expected'
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : undefined
    if (code === undefined) throw error
    return describeErrno(code)
  }
}
