// By whose rights hooks and commands run on a host: those of the owner of the namespace's
// directory, of the superuser only where both the operator and an owner of the account allow it.
import { HOOK_RUN_VARIABLE } from './hook-processes.ts'
import { type OpenDirectory, openIfDirectory } from './open-directory.ts'
import { isNamespaceName } from './volume-names.ts'
import { openHostRoot } from './volume-site.ts'

export interface HookPlace {
  readonly hostRoot: string
  /** The operator lets hooks and commands run as the superuser, where their makers may, too. */
  readonly allowsRoot: boolean
}

export interface HookUser {
  readonly uid: number
  readonly gid: number
  /** Are we somebody else who becomes this user? */
  readonly isBecome: boolean
}

export interface HookRequest {
  readonly id: string
  readonly namespace: string
  readonly mayRunAsRoot: boolean
  readonly environment: Readonly<Record<string, string>>
}

export interface OpenHookPlace extends Disposable {
  readonly directory: OpenDirectory
  readonly user: HookUser
  /** All of it. */
  readonly environment: Readonly<Record<string, string>>
}

/** All of the environment but the request's own `HOLDFAST_…` variables, the run's id and HOME. */
const ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
}

/**
 * Opens the namespace's directory, by its name in the host root, no link followed. `what` stands in
 * a refusal: `hooks and sources`. The caller closes it.
 */
export function openHookPlace(
  { hostRoot, allowsRoot }: HookPlace,
  request: HookRequest,
  what: string,
): OpenHookPlace | { readonly fault: string } {
  using root = openHostRoot(hostRoot)
  using opened = new DisposableStack()
  const { namespace } = request
  const directory = isNamespaceName(namespace) ? openIfDirectory(root, namespace) : undefined
  if (directory === undefined) return { fault: `the namespace ${namespace} has no directory` }
  opened.use(directory)
  const user = userOf(directory, { ...request, allowsRoot, what })
  if ('fault' in user) return user
  const kept = opened.move()
  return {
    directory,
    user,
    environment: {
      ...request.environment,
      ...ENVIRONMENT,
      HOME: directory.path.toString(),
      [HOOK_RUN_VARIABLE]: request.id,
    },
    [Symbol.dispose]: () => kept.dispose(),
  }
}

interface UserRequest extends HookRequest {
  readonly allowsRoot: boolean
  readonly what: string
}

function userOf(
  directory: OpenDirectory,
  { allowsRoot, mayRunAsRoot, namespace, what }: UserRequest,
): HookUser | { readonly fault: string } {
  const { uid, gid } = directory.status()
  const ourUID = process.geteuid?.()
  if (uid === 0 && !allowsRoot) {
    // What to set stands last: where the sentence is shortened, that is what is left of it.
    const remedy = 'give it to the app’s user, or set HOLDFAST_COMMANDS_AS_ROOT=allow'
    return { fault: `${namespace} belongs to root: ${remedy}` }
  }
  if (uid === 0 && !mayRunAsRoot) {
    const reason = `only ${what} last changed by an owner may run as root`
    return { fault: `${namespace} belongs to root, and ${reason}` }
  }
  if (ourUID === 0) return { uid, gid, isBecome: true }
  if (uid === ourUID) return { uid, gid, isBecome: false }
  const reason = `the service runs as user ${ourUID} and cannot become user ${uid}`
  return { fault: `${reason}, to whom ${namespace} belongs` }
}
