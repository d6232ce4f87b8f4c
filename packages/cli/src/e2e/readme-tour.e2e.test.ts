// The tour of the README, as a new user pastes it: every shell block after the two commands, line
// by line, against a service that runs.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { compareTrees } from '../demo/compare-trees.ts'
import { readTree } from '../demo/tree-record.ts'
import { type ServiceProcess, startServiceProcess } from '../service-process.ts'
import { freePort } from '../testing/service.ts'

const WORKSPACE = fileURLToPath(new URL('../../../../', import.meta.url))
const MISSING = ['jq', 'restic', 'curl'].filter((program) => !existsSync(`/usr/bin/${program}`))
const skip =
  MISSING.length > 0 && `missing: install the packages ${MISSING.join(', ')} to walk the tour`

describe('the tour of the README', { skip }, () => {
  let scratch: string
  let home: string
  let service: ServiceProcess

  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'holdfast-tour-'))
    home = join(scratch, '.holdfast')
    // As in a clone: `npx holdfast` finds the program there.
    symlinkSync(join(WORKSPACE, 'node_modules'), join(scratch, 'node_modules'))
    const HOLDFAST_LISTEN = `127.0.0.1:${await freePort()}`
    // As the tour says for directories of root's.
    const environment = { HOLDFAST_LISTEN, HOLDFAST_COMMANDS_AS_ROOT: 'allow' }
    service = await startServiceProcess({ home, environment })
  })
  after(async () => {
    await service.stop()
    rmSync(scratch, { recursive: true })
  })

  test('works as it is written', async () => {
    const blocks = shellBlocks(readFileSync(join(WORKSPACE, 'README.md'), 'utf8'))
    const [start, ...tour] = blocks
    assert.match(start ?? '', /npm install\nnpm start/)
    assert.equal(tour.length, 5, 'the tour, policies, a dump, restic and the recovery kit')
    const output = await paste(tour.join('\n').replaceAll('/tmp/', `${scratch}/`), scratch)
    assert.match(output, /"completed",100,\[\]/)
    assert.match(output, /^ready$/m)
    assert.match(output, /^hello$/m)
    assert.match(output, /^\["nightly","daily","3","5"\]$/m)
    assert.match(output, /^\["note-time","snapshot","pre"\]$/m)
    assert.match(output, /^the same$/m)
    assert.match(output, /\["holdfast\.clone","completed",100\]/)
    assert.match(output, /^live$/m)
    assert.match(output, /command in shop: tar c data$/m)
    const volume = join(home, 'apps', 'shop', 'data')
    const restored = readTree(join(scratch, 'restored', 'shop', 'data'))
    assert.deepEqual(compareTrees(readTree(volume), restored).differences, [])
    assert.match(readFileSync(join(scratch, 'recovery-kit.txt'), 'utf8'), /password/i)
  })
})

function shellBlocks(markdown: string): string[] {
  return [...markdown.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block ?? '')
}

/** The first line that fails ends it. */
async function paste(lines: string, scratch: string): Promise<string> {
  // The tour writes to /dev/stderr, which must be a real pipe: not Node's socket, and not a file,
  // which each `tee` would begin anew.
  const shell = spawn('bash', ['-c', 'set -o pipefail; bash -eo pipefail 2>&1 | cat'], {
    cwd: scratch,
    env: { PATH: process.env.PATH, HOME: scratch },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  shell.stdin.end(lines)
  let output = ''
  for await (const part of shell.stdout.setEncoding('utf8')) output += part
  const [code] = shell.exitCode === null ? await once(shell, 'exit') : [shell.exitCode]
  assert.equal(code, 0, output)
  return output
}
