// A state as the container dialect calls it, as an expression.
import { type RawBuilder, sql } from 'kysely'

/** The word that `words` has for the value of `expression`. */
export function wordFor(
  expression: RawBuilder<unknown>,
  words: Readonly<Record<string, string>>,
): RawBuilder<unknown> {
  const cases = Object.entries(words).map(([state, word]) => {
    return sql`when ${sql.lit(state)} then ${sql.lit(word)}`
  })
  return sql`(case ${expression} ${sql.join(cases, sql` `)} end)`
}
