// JSON as Go's encoding/json writes it: what restic's files and tree hashes are made of
// (repository format, section 3.1).

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [member: string]: JsonValue }

/** Members that this version does not know, as they were read. */
export type UnknownMembers = { readonly [member: string]: JsonValue }

const ESCAPED_BY_GO = /[<>&\u2028\u2029]/g
const GO_ESCAPES: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
}

/** Printable ASCII that neither JSON nor Go escapes: almost every string of a tree. */
const PLAIN_TEXT = /^[ !#-%'-;=?-[\]-~]*$/

export function encodeGoString(text: string): string {
  return PLAIN_TEXT.test(text) ? `"${text}"` : encodeGoJson(text)
}

/** Members in the order given; undefined ones are left out. */
export function encodeGoJson(value: unknown): string {
  // Outside of strings JSON has none of these characters, so the whole text may be searched.
  return JSON.stringify(value).replace(ESCAPED_BY_GO, (character) => GO_ESCAPES[character]!)
}

/**
 * Parses JSON text; numbers that a double cannot hold come back as `JSON.rawJSON`, so that
 * encoding the value again loses nothing.
 */
export function parseJson(text: string): unknown {
  return (JSON as unknown as JsonWithSources).parse(text, (_member, value, context) => {
    if (typeof value !== 'number' || context.source === undefined) return value
    if (String(value) === context.source) return value
    return (JSON as unknown as JsonWithSources).rawJSON(context.source)
  })
}

/** What Node has of ECMAScript's "JSON.parse source text access" and TypeScript does not know. */
interface JsonWithSources {
  parse(
    text: string,
    reviver: (member: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown
  rawJSON(source: string): unknown
}

/** Splits off the members whose names are not among `known`. */
export function unknownMembersOf(
  members: { readonly [member: string]: unknown },
  known: ReadonlySet<string>,
): UnknownMembers {
  const unknown: Record<string, JsonValue> = {}
  for (const [member, value] of Object.entries(members)) {
    if (!known.has(member)) unknown[member] = value as JsonValue
  }
  return unknown
}
