import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { setExtendedAttribute } from '@holdfast/filesystem'
import { compareTrees } from './compare-trees.ts'
import { readTree } from './tree-record.ts'

describe('comparison of trees', () => {
  let root: string
  let copy: string
  let scratch: string

  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), 'holdfast-compare-'))
    root = join(scratch, 'root')
    copy = join(scratch, 'copy')
    mkdirSync(join(root, 'inner'), { recursive: true })
    writeFileSync(join(root, 'file'), 'content')
    linkSync(join(root, 'file'), join(root, 'inner', 'linked'))
    symlinkSync('file', join(root, 'link'))
    writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0x66, 0xff])]), 'odd')
    writeFileSync(join(root, 'sparse'), '')
    truncateSync(join(root, 'sparse'), 8 * 1024 * 1024)
    execFileSync('cp', ['-a', '--sparse=always', root, copy])
  })
  afterEach(() => rmSync(scratch, { recursive: true }))

  function differences(): readonly string[] {
    return compareTrees(readTree(root), readTree(copy)).differences
  }

  test('a faithful copy has no difference', () => {
    assert.deepEqual(differences(), [])
    assert.equal(compareTrees(readTree(root), readTree(copy)).entries, 7)
  })

  const damages: readonly [string, () => void, RegExp][] = [
    ['content', () => writeFileSync(join(copy, 'file'), 'cantent'), /^file: digest/m],
    ['a permission', () => chmodSync(join(copy, 'file'), 0o600), /^file: permissions/m],
    ['a time', () => utimesSync(join(copy, 'inner'), 1, 1), /^inner: mtimeNs/m],
    ['a lost file', () => rmSync(join(copy, 'link')), /^link is missing$/m],
    ['a new file', () => writeFileSync(join(copy, 'new'), ''), /^new was not there before$/m],
    ['a name that is no text', () => rmOdd(copy), /^f%ff is missing$/m],
    ['a broken hard link', () => breakLink(copy), /^inner\/linked: firstLink/m],
    ['an attribute', () => addAttribute(copy), /^file: attributes/m],
    [
      'a filled hole',
      () => writeFileSync(join(copy, 'sparse'), Buffer.alloc(2 ** 23)),
      /^sparse: allocated/m,
    ],
  ]
  for (const [name, damage, expected] of damages) {
    test(`${name} is found`, () => {
      damage()
      assert.match(differences().join('\n'), expected)
    })
  }
})

function rmOdd(copy: string): void {
  rmSync(Buffer.concat([Buffer.from(`${copy}/`), Buffer.from([0x66, 0xff])]))
}

function breakLink(copy: string): void {
  rmSync(join(copy, 'inner', 'linked'))
  writeFileSync(join(copy, 'inner', 'linked'), 'content')
}

function addAttribute(copy: string): void {
  const attribute = { name: Buffer.from('user.holdfast'), value: Buffer.from('x') }
  setExtendedAttribute(Buffer.from(join(copy, 'file')), attribute)
}
