// Makes a tree that looks like a file server's: many small files, some middling, a few large; half
// of the bytes are text, half do not compress, and a few files are there twice.
import { createCipheriv, createHash } from 'node:crypto'
import { closeSync, mkdirSync, openSync, utimesSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { type SeededRandom, seededRandom } from './seeded-random.ts'

export interface SeededTreeOptions {
  /** An existing directory. */
  readonly root: string
  readonly seed: number
  /** 1 makes about 50,000 files and 1.5 GB. */
  readonly scale: number
}

export interface SeededTree {
  readonly files: number
  readonly directories: number
  readonly bytes: number
}

export function makeSeededTree({ root, seed, scale }: SeededTreeOptions): SeededTree {
  const random = seededRandom(seed)
  const text = makeText(random)
  const sizes = fileSizes(random, scale)
  const directories = makeDirectories(root, random, Math.max(1, Math.round(sizes.length / 20)))
  let bytes = 0
  let duplicate: FileContent | undefined
  for (const [index, size] of sizes.entries()) {
    const isDuplicate = duplicate !== undefined && random.below(20) === 0
    const content: FileContent =
      isDuplicate && duplicate !== undefined
        ? duplicate
        : { seed: seed + index * 7919 + 1, size, isText: random.below(2) === 0 }
    if (random.below(8) === 0) duplicate = content
    const directory = directories[random.below(directories.length)] as string
    const path = join(directory, `file-${index}${content.isText ? '.txt' : '.bin'}`)
    writeFile(path, content, text)
    // An age of up to three years before a fixed day, so that no file looks just written.
    const modified = 1_700_000_000 - random.below(94_000_000)
    utimesSync(path, modified, modified)
    bytes += content.size
  }
  return { files: sizes.length, directories: directories.length + 1, bytes }
}

interface FileContent {
  readonly seed: number
  readonly size: number
  readonly isText: boolean
}

const KIB = 1024
const MIB = 1024 * KIB
const TEXT_BYTES = 4 * MIB
const WRITE_BYTES = 4 * MIB

function fileSizes(random: SeededRandom, scale: number): number[] {
  const classes = [
    { count: 47_500, low: 64, high: 48 * KIB },
    { count: 2_470, low: 48 * KIB, high: MIB },
    { count: 30, low: 4 * MIB, high: 48 * MIB },
  ]
  const sizes: number[] = []
  for (const { count, low, high } of classes) {
    const scaled = Math.max(1, Math.round(count * scale))
    for (let made = 0; made < scaled; made += 1) sizes.push(random.magnitude(low, high))
  }
  return shuffle(sizes, random)
}

function shuffle(sizes: number[], random: SeededRandom): number[] {
  for (let at = sizes.length - 1; at > 0; at -= 1) {
    const other = random.below(at + 1)
    const size = sizes[at] as number
    sizes[at] = sizes[other] as number
    sizes[other] = size
  }
  return sizes
}

/** Each directory is made in one of the former ones, so that depth grows by itself. */
function makeDirectories(root: string, random: SeededRandom, count: number): string[] {
  const directories = [root]
  for (let made = 0; made < count; made += 1) {
    const parent = directories[random.below(directories.length)] as string
    const path = join(parent, `directory-${made}`)
    mkdirSync(path)
    directories.push(path)
  }
  return directories
}

/** Words of a made-up language with the word frequencies of a natural one. */
function makeText(random: SeededRandom): Buffer {
  const letters = 'etaoinshrdlucmfwypvbgkjqxz'
  const words = Array.from({ length: 8192 }, () => {
    let word = ''
    const length = 2 + random.below(9)
    while (word.length < length) word += letters.charAt(random.magnitude(1, 26) - 1)
    return word
  })
  const text = Buffer.alloc(TEXT_BYTES)
  let at = 0
  while (at < TEXT_BYTES) {
    const word = words[random.magnitude(1, words.length) - 1] as string
    at += text.write(`${word}${random.below(12) === 0 ? '.\n' : ' '}`, at)
    if (TEXT_BYTES - at < 16) at += text.write(' '.repeat(16), at)
  }
  return text
}

function writeFile(path: string, { seed, size, isText }: FileContent, text: Buffer): void {
  const handle = openSync(path, 'w', 0o644)
  try {
    const fill = isText ? textFiller(seed, text) : noiseFiller(seed)
    for (let written = 0; written < size; ) {
      const part = Buffer.allocUnsafe(Math.min(WRITE_BYTES, size - written))
      fill(part)
      writeSync(handle, part)
      written += part.length
    }
  } finally {
    closeSync(handle)
  }
}

/** Short stretches of the text in random order: no chunk is there twice by accident. */
function textFiller(seed: number, text: Buffer): (part: Buffer) => void {
  const random = seededRandom(seed)
  return (part) => {
    for (let at = 0; at < part.length; ) {
      const length = Math.min(200 + random.below(1800), part.length - at)
      const from = random.below(text.length - length)
      text.copy(part, at, from, from + length)
      at += length
    }
  }
}

function noiseFiller(seed: number): (part: Buffer) => void {
  const key = createHash('sha256').update(`seed ${seed}`).digest()
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16))
  return (part) => {
    cipher.update(part.fill(0)).copy(part)
  }
}
