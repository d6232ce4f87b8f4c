// Takes the one pair of double quotes away that encloses a whole command.
//
// Commands that use variables are configured so: `"mysqldump --all-databases -p$MYSQL_PASSWORD"`.
// For a shell that would be the name of one program.

/** Nothing else of the command changes. */
export function unquoteCommand(command: string): string {
  const trimmed = command.trim()
  const [, enclosed] = /^"(.*)"$/s.exec(trimmed) ?? []
  return enclosed === undefined || isClosedBefore(enclosed) ? command : enclosed
}

/**
 * Does the quote at the start end before the end, as in `"/opt/my dump" "$DB"`? Then the next
 * quote closes it. In `"psql -c "select 1""` the next one, after a space, opens another.
 */
function isClosedBefore(enclosed: string): boolean {
  const next = /(?<!\\)(?:\\\\)*"/.exec(enclosed)
  if (next === null) return endsEscaped(enclosed)
  const before = enclosed.slice(0, next.index + next[0].length - 1)
  return !/[\s=(]$/.test(before)
}

/** In `"a\"` the last quote is a character of the command, and the first one is not closed. */
function endsEscaped(enclosed: string): boolean {
  // Not by a pattern, which begins anew at each backslash of a long run: users write commands.
  let start = enclosed.length
  while (enclosed[start - 1] === '\\') start -= 1
  return (enclosed.length - start) % 2 === 1
}
