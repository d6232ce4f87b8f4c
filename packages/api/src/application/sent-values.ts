// Values that clients sent, as the domain has them.
import { parseId } from '@holdfast/domain'

/** Lowers an id that conforms to `SentIdSchema`. */
export function lowerId(sent: string): string {
  return parseId<string>(sent) ?? sent
}
