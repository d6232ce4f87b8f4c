// How decoders refuse bytes that are not what they should be.
import { EngineError } from '../engine-failure.ts'

export type FormatPart = 'config' | 'snapshot' | 'tree'

/** Fails with `format-invalid`. */
export function failFormat(part: FormatPart, reason: string): never {
  throw new EngineError({ code: 'format-invalid', part, reason })
}
