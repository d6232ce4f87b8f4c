// How a mover runs a command on a host: by the shell, as the owner of the namespace's directory, in
// that directory, by the rules of hooks.
import { encodePathBytes } from '@holdfast/domain'
import type { CommandRequest, LocatedCommand } from '../platform.ts'
import { type HookPlace, openHookPlace } from './hook-user.ts'
import { unquoteCommand } from './unquote-command.ts'

const SHELL = '/bin/sh'

export async function locateHostCommand(
  place: HookPlace,
  request: CommandRequest,
): Promise<LocatedCommand> {
  const opened = openHookPlace(place, request, 'commands')
  if ('fault' in opened) return { refusal: opened.fault }
  using at = opened
  const { uid, gid, isBecome } = at.user
  return {
    location: {
      kind: 'command',
      id: request.id,
      words: [SHELL, '-c', unquoteCommand(request.command)],
      directory: encodePathBytes(at.directory.path),
      ...(isBecome ? { user: { uid, gid } } : {}),
      environment: at.environment,
    },
  }
}
