// As whom PostgreSQL runs. It refuses to run as root, and no user is made on the machine:
//
// - started by an ordinary user, it runs as that user;
// - started by root, it runs in a user namespace in which root has another number. Outside of it
//   the processes still are root's, so they reach a clone and data below a 0700 home;
// - where such namespaces are refused (many containers), it runs under a number that no account
//   has. Binaries and data must then be where that number can reach them.
import { execFile, type SpawnOptions } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

export type ServerIdentity =
  | { readonly kind: 'same-user' }
  | { readonly kind: 'user-namespace'; readonly insideUid: number }
  | { readonly kind: 'number'; readonly uid: number; readonly gid: number }

export interface Command {
  readonly program: string
  readonly args: readonly string[]
  readonly options: Pick<SpawnOptions, 'uid' | 'gid'>
}

/**
 * Debian reserves 65000–65533, so no account has it; user namespaces of containers map at least
 * the numbers up to 65535. Not 65534 (`nobody`): its other processes could reach the database.
 */
export const FOREIGN_NUMBER = 65_432

/**
 * The number of some account that is not root's. `initdb`, though told whom to make the owner of
 * the database, ends when its own number has no name; a bare container has no user 1000.
 */
export async function findNamedUid(): Promise<number> {
  const text = await readFile('/etc/passwd', 'utf8').catch(() => '')
  const uids = text.split('\n').map((line) => Number(line.split(':')[2]))
  const others = uids.filter((uid) => Number.isSafeInteger(uid) && uid > 0)
  return [USUAL_UID, NOBODY_UID].find((uid) => others.includes(uid)) ?? others[0] ?? USUAL_UID
}

const USUAL_UID = 1000
const NOBODY_UID = 65_534

/** How `program` is started as `identity`; the process id is that of the program itself. */
export function commandAs(
  identity: ServerIdentity,
  program: string,
  args: readonly string[],
): Command {
  switch (identity.kind) {
    case 'same-user':
      return { program, args, options: {} }
    case 'user-namespace':
      return {
        program: 'unshare',
        args: ['--user', ...namespaceNumbers(identity.insideUid), program, ...args],
        options: {},
      }
    case 'number':
      return { program, args, options: { uid: identity.uid, gid: identity.gid } }
    default: {
      const never: never = identity
      return never
    }
  }
}

function namespaceNumbers(uid: number): string[] {
  return [`--map-user=${uid}`, `--map-group=${uid}`]
}

/** Undefined when it worked, otherwise what went wrong. */
export async function tryCommand(command: Command): Promise<string | undefined> {
  try {
    const options = { ...command.options, cwd: '/', timeout: 30_000 }
    await promisify(execFile)(command.program, [...command.args], options)
    return undefined
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string }
    return stderr?.trim() || message
  }
}

/** The owner that files must have for `identity`; -1 means that whoever made them is right. */
export function fileOwnerOf(identity: ServerIdentity): number {
  switch (identity.kind) {
    case 'same-user':
      return -1
    case 'user-namespace':
      return 0
    case 'number':
      return identity.uid
    default: {
      const never: never = identity
      return never
    }
  }
}
