// How a hook's script is run: by the interpreter that its first line names, as execve(2) would.
//
// The script is not a file with a name: it is deleted before it runs and read through an open
// descriptor, so that no other user can read it, nothing of it is left after a crash, and a
// file system that is mounted `noexec` does not matter.

/** Where the script is, for the interpreter and as its `$0`. */
export const HOOK_SCRIPT_DESCRIPTOR = 3
const SCRIPT_PATH = `/proc/self/fd/${HOOK_SCRIPT_DESCRIPTOR}`

const DEFAULT_INTERPRETER = '/bin/sh'
/** As the kernel: what is behind it is cut. */
const FIRST_LINE_LENGTH_MAX = 255

/**
 * The words of the command, or why there is none. Without a `#!` line `/bin/sh` reads the script.
 * What follows an interpreter is one argument, spaces included.
 */
export function hookCommand(
  script: Uint8Array,
  hookArguments: readonly string[],
): { readonly words: readonly [string, ...string[]] } | { readonly fault: string } {
  const line = firstLineOf(script)
  if (!line.startsWith('#!')) {
    return { words: [DEFAULT_INTERPRETER, SCRIPT_PATH, ...hookArguments] }
  }
  const [, interpreter, argument] = /^#![ \t]*([^ \t]*)[ \t]*(.*?)[ \t]*$/.exec(line) ?? []
  if (interpreter === undefined || !interpreter.startsWith('/')) {
    return { fault: 'its first line names no interpreter by its whole path' }
  }
  const options = argument === undefined || argument === '' ? [] : [argument]
  return { words: [interpreter, ...options, SCRIPT_PATH, ...hookArguments] }
}

function firstLineOf(script: Uint8Array): string {
  const start = Buffer.from(script.subarray(0, FIRST_LINE_LENGTH_MAX)).toString('utf8')
  return start.split('\n', 1)[0] ?? ''
}
