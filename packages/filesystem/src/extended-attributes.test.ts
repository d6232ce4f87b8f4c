import assert from 'node:assert/strict'
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import {
  getExtendedAttribute,
  listExtendedAttributes,
  readExtendedAttributes,
  removeExtendedAttribute,
  setExtendedAttribute,
} from './extended-attributes.ts'
import { nextDataRegion } from './sparse-regions.ts'
import { errnoName } from './system-error.ts'

const root = mkdtempSync(join(tmpdir(), 'holdfast-attributes-'))
after(() => rmSync(root, { recursive: true, force: true }))
const missing = whatIsMissing()

test('attributes keep any bytes in name and value', { skip: missing }, () => {
  const file = Buffer.from(join(root, 'file'))
  writeFileSync(file, '')
  assert.deepEqual(readExtendedAttributes(file), [])
  const attributes = [
    { name: Buffer.from('user.plain'), value: Buffer.from('text') },
    { name: Buffer.from('user.empty'), value: Buffer.alloc(0) },
    { name: Buffer.from('user.bytes'), value: Buffer.from([0, 255, 10, 0]) },
    { name: Buffer.from([...Buffer.from('user.'), 0xff, 0xfe]), value: Buffer.from('odd name') },
  ]
  for (const attribute of attributes) setExtendedAttribute(file, attribute)
  const byName = (a: { name: Buffer }, b: { name: Buffer }) => Buffer.compare(a.name, b.name)
  assert.deepEqual(readExtendedAttributes(file).toSorted(byName), attributes.toSorted(byName))
  removeExtendedAttribute(file, Buffer.from('user.plain'))
  removeExtendedAttribute(file, Buffer.from('user.plain'))
  assert.equal(getExtendedAttribute(file, Buffer.from('user.plain')), undefined)
  assert.equal(listExtendedAttributes(file).length, 3)
})

test('a symbolic link is not followed', { skip: missing }, () => {
  const file = Buffer.from(join(root, 'target'))
  const link = Buffer.from(join(root, 'link'))
  writeFileSync(file, '')
  symlinkSync('target', link)
  setExtendedAttribute(file, { name: Buffer.from('user.a'), value: Buffer.from('1') })
  assert.deepEqual(listExtendedAttributes(link), [])
  assert.throws(
    () => setExtendedAttribute(link, { name: Buffer.from('user.b'), value: Buffer.alloc(0) }),
    (error) => errnoName(error) === 'EPERM',
  )
})

test('an entry that is gone is an error, not an empty list', () => {
  assert.throws(
    () => listExtendedAttributes(Buffer.from(join(root, 'missing'))),
    (error) => errnoName(error) === 'ENOENT',
  )
})

test('regions of data are found between holes', () => {
  const path = join(root, 'sparse')
  const handle = openSync(path, 'w+')
  ftruncateSync(handle, 8 * 1024 * 1024)
  writeSync(handle, Buffer.alloc(4096, 1), 0, 4096, 4 * 1024 * 1024)
  const region = nextDataRegion(handle, 0)
  assert.ok(region !== undefined)
  // A file system without holes says that all of it is data; one with them finds the middle.
  assert.ok(region.start <= 4 * 1024 * 1024 && region.end >= 4 * 1024 * 1024 + 4096)
  assert.equal(nextDataRegion(handle, 8 * 1024 * 1024), undefined)
  closeSync(handle)
})

function whatIsMissing(): string | false {
  const probe = Buffer.from(join(root, 'probe'))
  writeFileSync(probe, '')
  try {
    setExtendedAttribute(probe, { name: Buffer.from('user.probe'), value: Buffer.from('1') })
    return false
  } catch (error) {
    return `NOT TESTED: ${tmpdir()} keeps no user extended attributes (${errnoName(error)})`
  }
}
