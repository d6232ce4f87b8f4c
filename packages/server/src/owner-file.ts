// `$HOLDFAST_HOME/owner.json`: how the owner, on this machine, reaches the API.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writePrivateFile } from './durable-file.ts'
import { ServerError } from './server-error.ts'

export interface OwnerFile {
  readonly url: string
  readonly accountID: string
  /** The account's id in the container dialect. */
  readonly hubID: string
  readonly userID: string
  readonly token: string
}

const HUB_ID_DIGITS = 24

export function ownerFilePath(home: string): string {
  return join(home, 'owner.json')
}

export function writeOwnerFile(home: string, owner: Omit<OwnerFile, 'hubID'>): Promise<void> {
  const { url, accountID, userID, token } = owner
  const file: OwnerFile = { url, accountID, hubID: hubIDOf(accountID), userID, token }
  return writePrivateFile(ownerFilePath(home), `${JSON.stringify(file, null, 2)}\n`)
}

/** Undefined when there is none. */
export async function readOwnerFile(home: string): Promise<OwnerFile | undefined> {
  const file = ownerFilePath(home)
  const text = await readFile(file, 'utf8').catch((error) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return undefined
  try {
    return JSON.parse(text) as OwnerFile
  } catch (error) {
    const reason = (error as Error).message
    throw new ServerError({ code: 'home-file-invalid', file, reason }, error)
  }
}

/** Ids of the container dialect are the first 24 hexadecimal digits of the UUID. */
function hubIDOf(accountID: string): string {
  return accountID.replaceAll('-', '').slice(0, HUB_ID_DIGITS)
}
