// A small program that outlives the mover for a moment, to end the mover's command.
//
// A mover that is killed closes its end of the command's standard input, which would tell the
// command that it has all of the data. So the guard holds that end open, too. It sees the end of
// its own input when the mover is gone, ends the command, and only then lets go: its group, and then
// whoever else has the pipe open, in whatever group or session.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'

export interface CommandGuard {
  /** From now on it watches over this process group. */
  watch(group: number): void
  /** The command has been given everything and may see the end of it. */
  letInputEnd(): void
  /** Nothing of the command is left; resolves when the guard is gone. */
  release(): Promise<void>
}

/** Rejects when it cannot be started. `inputHandle`: the end that the mover writes to. */
export async function startGuard(inputHandle: number | undefined): Promise<CommandGuard> {
  const child = spawn('/bin/sh', ['-c', SCRIPT], {
    cwd: '/',
    // A signal to the mover's group is not for it.
    detached: true,
    env: {},
    stdio: ['pipe', 'ignore', 'ignore', ...(inputHandle === undefined ? [] : [inputHandle])],
  })
  await once(child, 'spawn')
  const exited = once(child, 'exit')
  const say = sayTo(child)
  return {
    watch: (group) => say(`${group}\n`),
    letInputEnd: () => say('whole\n'),
    async release() {
      say('done\n')
      await Promise.race([exited, delay(RELEASE_MS, undefined, { ref: false })])
    },
  }
}

const SCRIPT = `
read -r group || exit
[ "$group" = done ] && exit
while read -r word; do
  case $word in
    whole) exec 3>&- ;;
    done) exit ;;
  esac
done
kill -s KILL -- "-$group"
for round in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
  found=
  for file in /proc/[0-9]*/fd/*; do
    [ "$file" -ef /proc/$$/fd/3 ] || continue
    process=\${file#/proc/}
    process=\${process%%/*}
    [ "$process" = $$ ] || { kill -s KILL "$process" && found=yes; }
  done
  [ "$found" ] || exit
done
`
const RELEASE_MS = 1000

function sayTo(child: ChildProcess): (line: string) => void {
  const input = child.stdin as Writable
  // Somebody killed the guard: the command is less safe then, but nothing is wrong with it.
  input.on('error', () => input.destroy())
  return (line) => {
    if (!input.destroyed) input.write(line)
  }
}
