// Trees that stock restic wrote: we read them, and write the very same bytes.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { runStockRestic, STOCK_RESTIC_MISSING } from '../testing/stock-restic.ts'
import {
  localBackendIn,
  makeThrowawayDirectory,
  makeThrowawayRepository,
  THROWAWAY_PASSWORD,
} from '../testing/throwaway-repository.ts'
import type { BlobId } from './ids.ts'
import { decodeSnapshot, encodeSnapshot } from './snapshot.ts'
import { createTreeEncoder, decodeTree } from './tree.ts'

test('trees and snapshots of stock restic are read and written back byte for byte', {
  skip: STOCK_RESTIC_MISSING,
}, async () => {
  await using directory = await makeThrowawayDirectory()
  const home = directory.path
  // Ours, since its keys cost less to derive than those that stock restic makes.
  await using _made = await makeThrowawayRepository({ backend: localBackendIn(home) })
  const source = join(home, 'source')
  makeAwkwardTree(source)
  const repository = join(home, 'repository')
  const options = { repository, password: THROWAWAY_PASSWORD, cwd: home }
  await runStockRestic(['backup', 'source', '--tag', 'a<b', '--tag', 'c'], options)

  const [id] = (await runStockRestic(['list', 'snapshots'], options)).toString().trim().split('\n')
  const stored = await runStockRestic(['cat', 'snapshot', id!], options)
  const snapshot = decodeSnapshot(stored)
  assert.deepEqual(snapshot.tags, ['a<b', 'c'])
  assert.deepEqual(JSON.parse(encodeSnapshot(snapshot).toString()), JSON.parse(stored.toString()))

  let entries = 0
  const pending: BlobId[] = [snapshot.tree]
  for (let tree = pending.pop(); tree !== undefined; tree = pending.pop()) {
    const bytes = await runStockRestic(['cat', 'blob', tree], options)
    const encoder = createTreeEncoder()
    for (const node of decodeTree(bytes)) {
      entries += 1
      encoder.append(node)
      if (node.subtree !== undefined) pending.push(node.subtree)
    }
    const again = encoder.finish()
    assert.equal(again.toString('latin1'), bytes.toString('latin1'))
    assert.equal(createHash('sha256').update(again).digest('hex'), tree)
  }
  assert.ok(entries >= 20, `only ${entries} entries`)
})

function makeAwkwardTree(root: string): void {
  mkdirSync(join(root, 'empty directory'), { recursive: true, mode: 0o700 })
  mkdirSync(join(root, 'sub', 'sub\u00a0sub'), { recursive: true, mode: 0o755 })
  const names = ['A', 'a', 'a-', "a'", '<&>', 'q"uote', 'back\\slash', 'nl\nx', 'esc\x1b']
    .concat(['\u2028', '\ue000', '\uff5e', '\u{10000}', '\u{1f600}', '\ufffd'])
    .map((name) => Buffer.from(name))
  names.push(Buffer.of(0x61, 0xcc), Buffer.of(0xed, 0xa0, 0x80), Buffer.of(0xc0, 0xaf))
  for (const [index, name] of names.entries()) {
    const path = Buffer.concat([Buffer.from(`${root}/`), name])
    writeFileSync(path, 'x'.repeat(index), { mode: 0o600 + index })
  }
  linkSync(join(root, 'A'), join(root, 'sub', 'hard link'))
  symlinkSync('tar<get', join(root, 'link'))
  execFileSync('mkfifo', [join(root, 'fifo')])
  execFileSync('chmod', ['6755', join(root, 'a-')])
  execFileSync('chmod', ['1777', join(root, 'sub')])
  execFileSync('touch', ['-d', '1969-12-31T23:59:58.5Z', join(root, 'a')])
  execFileSync('touch', ['-d', '2023-11-14T22:13:20.000000001Z', join(root, 'empty directory')])
}
