// Makes the application that the demo protects: real files, and everything that backups trip over.
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  cpSync,
  existsSync,
  ftruncateSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setExtendedAttribute } from '@holdfast/filesystem'

const WORKSPACE = fileURLToPath(new URL('../../../../', import.meta.url))

/** What of the workspace becomes the source tree of the demo: thousands of small real files. */
const SOURCE_PARTS = [
  'packages',
  'node_modules/typebox',
  'node_modules/kysely',
  'node_modules/fastify',
  'node_modules/@fastify',
  'node_modules/zod',
  'node_modules/superjson',
  'node_modules/assemblyscript',
]

/** A copy of real source trees. */
export function makeSourceVolume(volume: string): void {
  for (const part of SOURCE_PARTS.filter((name) => existsSync(join(WORKSPACE, name)))) {
    // Links into the workspace would make the demo's data depend on it.
    const filter = (path: string): boolean => !path.includes('/node_modules/@holdfast/')
    const target = join(volume, part)
    cpSync(join(WORKSPACE, part), target, {
      recursive: true,
      filter,
      preserveTimestamps: true,
      verbatimSymlinks: true,
    })
  }
}

/** Odd names, links, attributes, times, a pipe, and a file that is mostly a hole. */
export function makeOddVolume(volume: string, sparseBytes: number): void {
  makeOddNames(volume)
  makeLinks(volume)
  makeMetadata(volume)
  makeSparseFile(join(volume, 'disk.img'), sparseBytes)
  execFileSync('mkfifo', [join(volume, 'pipe')])
}

/** Files that lie directly in the namespace, outside of every volume directory. */
export function makeLooseEntries(namespace: string): void {
  writeFileSync(join(namespace, 'settings.ini'), 'currency = EUR\n')
  symlinkSync('settings.ini', join(namespace, 'current-settings'))
}

function makeOddNames(volume: string): void {
  const names = [
    'spaces and\ttabs',
    'new\nline',
    'quotes \'"` and \\',
    '-rf',
    '…unicode ☃ 名前',
    'e\u0301 and \u00e9',
    '%41 is not A',
    'n'.repeat(255),
  ].map((name) => Buffer.from(name))
  names.push(Buffer.from([0x62, 0x79, 0x74, 0x65, 0x73, 0xff, 0xfe, 0x80]))
  const directory = join(volume, 'names')
  mkdirSync(directory)
  for (const [index, name] of names.entries()) {
    writeFileSync(Buffer.concat([Buffer.from(`${directory}/`), name]), `name ${index}\n`)
  }
  mkdirSync(join(volume, 'empty directory'))
  mkdirSync(join(volume, ...Array.from({ length: 40 }, (_, depth) => `deep-${depth}`)), {
    recursive: true,
  })
}

function makeLinks(volume: string): void {
  const directory = join(volume, 'links')
  mkdirSync(directory)
  const original = join(directory, 'original')
  writeFileSync(original, 'one inode, three names\n')
  linkSync(original, join(directory, 'second name'))
  linkSync(original, join(volume, 'third name'))
  symlinkSync('original', join(directory, 'relative'))
  symlinkSync('/nowhere/at all', join(directory, 'dangling'))
  lutimesSync(join(directory, 'dangling'), 86_400, 86_400.25)
}

function makeMetadata(volume: string): void {
  const directory = join(volume, 'metadata')
  mkdirSync(directory)
  const old = join(directory, 'from 1965')
  writeFileSync(old, 'older than time\n')
  utimesSync(old, -157_766_400, -157_766_400)
  const precise = join(directory, 'nanoseconds')
  writeFileSync(precise, '')
  execFileSync('touch', ['-d', '2020-02-29 23:59:59.123456789 UTC', precise])
  const program = join(directory, 'set-user-id')
  copyFileSync('/bin/true', program)
  if (process.getuid?.() === 0) chownSync(program, 12_345, 54_321)
  chmodSync(program, 0o4750)
  writeAttributes(join(directory, 'attributes'))
  chmodSync(directory, 0o1700)
}

function writeAttributes(path: string): void {
  writeFileSync(path, 'carries attributes\n')
  const attributes = [
    { name: 'user.holdfast.text', value: Buffer.from('hello') },
    { name: 'user.holdfast.bytes', value: Buffer.from([0, 1, 2, 0xff]) },
    { name: 'user.holdfast.empty', value: Buffer.alloc(0) },
  ]
  for (const { name, value } of attributes) {
    setExtendedAttribute(Buffer.from(path), { name: Buffer.from(name), value })
  }
}

/** A fifth of a megabyte of data at three places, the rest is hole. */
function makeSparseFile(path: string, bytes: number): void {
  const handle = openSync(path, 'w')
  try {
    ftruncateSync(handle, bytes)
    for (const offset of [0, Math.floor(bytes / 3), Math.floor(bytes / 2) + 123]) {
      writeSync(handle, Buffer.alloc(200_000, `data at ${offset} `), 0, 200_000, offset)
    }
  } finally {
    closeSync(handle)
  }
}
