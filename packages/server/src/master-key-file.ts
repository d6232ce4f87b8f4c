// The file of the master key: one key a line in base64, the newest first. More than one only while
// keys are changed, or where somebody keeps an old one to open old copies of the database.
import { randomBytes } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { MASTER_KEY_BYTES } from '@holdfast/db'
import { writePrivateFile } from './durable-file.ts'
import { ServerError } from './server-error.ts'

export type MasterKeys = readonly [newest: Buffer, ...older: Buffer[]]

/** Undefined when there is no file. */
export async function readMasterKeys(file: string): Promise<MasterKeys | undefined> {
  const text = await readFile(file, 'utf8').catch((error) => {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw new ServerError({ code: 'master-key-invalid', file, reason: message }, error)
  })
  if (text === undefined) return undefined
  const [newest, ...older] = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => readKey(file, line))
  if (newest !== undefined) return [newest, ...older]
  throw new ServerError({ code: 'master-key-invalid', file, reason: 'it is empty' })
}

function readKey(file: string, line: string): Buffer {
  const key = Buffer.from(line, 'base64')
  // Decoding skips what is no base64, so the way back must give the same text.
  if (key.length === MASTER_KEY_BYTES && key.toString('base64') === line) return key
  const reason = `a line of it does not hold ${MASTER_KEY_BYTES} bytes in base64`
  throw new ServerError({ code: 'master-key-invalid', file, reason })
}

export function makeMasterKey(): Buffer {
  return randomBytes(MASTER_KEY_BYTES)
}

export async function writeMasterKeys(file: string, keys: MasterKeys): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await writePrivateFile(file, keys.map((key) => `${key.toString('base64')}\n`).join(''))
}
