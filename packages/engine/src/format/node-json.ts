// The JSON of one node, byte for byte as stock restic writes it (repository format, section 3.4).
import { isUtf8 } from 'node:buffer'
import { encodeGoJson, type JsonValue, parseJson } from './go-json.ts'
import { type BlobId, parseObjectId } from './ids.ts'
import type { JsonReader } from './json-reader.ts'
import { encodeTextBytes, quoteName, unquoteName } from './name-quoting.ts'
import { type ExtendedAttribute, NODE_TYPES, type Node, type NodeType } from './node.ts'
import { formatTime, parseTime, UNSET_TIME_NS } from './time.ts'

/** Ids joined at once, so that no string comes near V8's limit. */
const IDS_PER_PART = 4096

/** Yields the text in parts; one part for all but very large files. */
export function* encodeNode(node: Node): Generator<string, void, undefined> {
  let text = `{"name":${encodeGoJson(quoteName(node.name))},"type":"${node.type}"`
  if (node.mode !== 0) text += `,"mode":${node.mode}`
  const mtime = formatTime(node.mtime)
  const atime = node.atime === node.mtime ? mtime : formatTime(node.atime)
  text += `,"mtime":"${mtime}","atime":"${atime}"`
  text += `,"ctime":"${formatTime(node.ctime)}","uid":${node.uid},"gid":${node.gid}`
  if (node.user !== '') text += `,"user":${encodeGoJson(node.user)}`
  if (node.group !== '') text += `,"group":${encodeGoJson(node.group)}`
  if (node.inode !== 0n) text += `,"inode":${node.inode}`
  if (node.deviceId !== 0n) text += `,"device_id":${node.deviceId}`
  if (node.size !== 0n) text += `,"size":${node.size}`
  if (node.links !== 0n) text += `,"links":${node.links}`
  text += encodeLinkTarget(node.linkTarget)
  text += encodeAttributes(node)
  if (node.device !== 0n) text += `,"device":${node.device}`
  if (node.content === undefined) {
    text += ',"content":null'
  } else {
    yield `${text},"content":[`
    yield* encodeContent(node.content)
    text = ']'
  }
  if (node.subtree !== undefined) text += `,"subtree":"${node.subtree}"`
  if (node.error !== undefined) text += `,"error":${encodeGoJson(node.error)}`
  yield `${text}}`
}

/** Reads everything that stock restic writes; members that it does not know are skipped. */
export function decodeNode(reader: JsonReader): Node {
  const draft: NodeDraft = { ...EMPTY_NODE }
  for (const member of reader.members()) {
    const read = MEMBER_READERS.get(member)
    if (read === undefined) reader.skipValue()
    else if (!reader.acceptNull()) read(reader, draft)
  }
  const { name, type, linkTargetRaw, ...rest } = draft
  if (name === undefined) reader.fail('a node without a name')
  if (type === undefined) reader.fail('a node without a type')
  return linkTargetRaw === undefined
    ? { name, type, ...rest }
    : { name, type, ...rest, linkTarget: linkTargetRaw }
}

function encodeLinkTarget(target: Buffer | undefined): string {
  if (target === undefined || target.length === 0) return ''
  const text = `,"linktarget":${encodeTextBytes(target)}`
  return isUtf8(target) ? text : `${text},"linktarget_raw":"${target.toString('base64')}"`
}

function encodeAttributes(node: Node): string {
  let text = ''
  if (node.extendedAttributes.length > 0) {
    const attributes = node.extendedAttributes.map(
      ({ name, value }) =>
        `{"name":${encodeTextBytes(name)},"value":"${value.toString('base64')}"}`,
    )
    text += `,"extended_attributes":[${attributes.join(',')}]`
  }
  const generic = Object.entries(node.genericAttributes ?? {})
  if (generic.length > 0) {
    const sorted = generic.toSorted(([left], [right]) => (left < right ? -1 : 1))
    text += `,"generic_attributes":${encodeGoJson(Object.fromEntries(sorted))}`
  }
  return text
}

function* encodeContent(content: readonly BlobId[]): Generator<string, void, undefined> {
  for (let start = 0; start < content.length; start += IDS_PER_PART) {
    const ids = content.slice(start, start + IDS_PER_PART).join('","')
    yield start === 0 ? `"${ids}"` : `,"${ids}"`
  }
}

type NodeDraft = {
  -readonly [Member in keyof Node]: Node[Member]
} extends infer Draft extends object
  ? Omit<Draft, 'name' | 'type'> & { name?: Buffer; type?: NodeType; linkTargetRaw?: Buffer }
  : never

const EMPTY_NODE: NodeDraft = {
  mode: 0,
  mtime: UNSET_TIME_NS,
  atime: UNSET_TIME_NS,
  ctime: UNSET_TIME_NS,
  uid: 0,
  gid: 0,
  user: '',
  group: '',
  inode: 0n,
  deviceId: 0n,
  size: 0n,
  links: 0n,
  extendedAttributes: [],
  device: 0n,
}

type MemberReader = (reader: JsonReader, draft: NodeDraft) => void

const MEMBER_READERS: ReadonlyMap<string, MemberReader> = new Map<string, MemberReader>([
  [
    'name',
    (reader, draft) => {
      draft.name = unquoteName(reader.readString())
    },
  ],
  [
    'type',
    (reader, draft) => {
      draft.type = readType(reader)
    },
  ],
  [
    'mode',
    (reader, draft) => {
      draft.mode = readU32(reader)
    },
  ],
  [
    'mtime',
    (reader, draft) => {
      draft.mtime = readTime(reader)
    },
  ],
  [
    'atime',
    (reader, draft) => {
      draft.atime = readTime(reader)
    },
  ],
  [
    'ctime',
    (reader, draft) => {
      draft.ctime = readTime(reader)
    },
  ],
  [
    'uid',
    (reader, draft) => {
      draft.uid = readU32(reader)
    },
  ],
  [
    'gid',
    (reader, draft) => {
      draft.gid = readU32(reader)
    },
  ],
  [
    'user',
    (reader, draft) => {
      draft.user = reader.readString()
    },
  ],
  [
    'group',
    (reader, draft) => {
      draft.group = reader.readString()
    },
  ],
  [
    'inode',
    (reader, draft) => {
      draft.inode = reader.readUnsigned()
    },
  ],
  [
    'device_id',
    (reader, draft) => {
      draft.deviceId = reader.readUnsigned()
    },
  ],
  [
    'size',
    (reader, draft) => {
      draft.size = reader.readUnsigned()
    },
  ],
  [
    'links',
    (reader, draft) => {
      draft.links = reader.readUnsigned()
    },
  ],
  [
    'linktarget',
    (reader, draft) => {
      draft.linkTarget = Buffer.from(reader.readString())
    },
  ],
  [
    'linktarget_raw',
    (reader, draft) => {
      draft.linkTargetRaw = readBase64(reader)
    },
  ],
  [
    'extended_attributes',
    (reader, draft) => {
      draft.extendedAttributes = readAttributes(reader)
    },
  ],
  [
    'generic_attributes',
    (reader, draft) => {
      draft.genericAttributes = readGeneric(reader)
    },
  ],
  [
    'device',
    (reader, draft) => {
      draft.device = reader.readUnsigned()
    },
  ],
  [
    'content',
    (reader, draft) => {
      draft.content = readContent(reader)
    },
  ],
  [
    'subtree',
    (reader, draft) => {
      draft.subtree = readId(reader)
    },
  ],
  [
    'error',
    (reader, draft) => {
      draft.error = reader.readString()
    },
  ],
])

function readType(reader: JsonReader): NodeType {
  const type = reader.readString()
  if (!(NODE_TYPES as readonly string[]).includes(type)) {
    reader.fail(`unknown node type ${JSON.stringify(type)}`)
  }
  return type as NodeType
}

function readU32(reader: JsonReader): number {
  const value = reader.readUnsigned()
  return value < 2n ** 32n ? Number(value) : reader.fail('a number beyond 32 bits')
}

function readTime(reader: JsonReader): bigint {
  const time = parseTime(reader.readString())
  return time === undefined ? reader.fail('not an RFC 3339 time') : time.epochNs
}

function readId(reader: JsonReader): BlobId {
  const id = parseObjectId<BlobId>(reader.readString())
  return id ?? reader.fail('not an id')
}

function readContent(reader: JsonReader): BlobId[] {
  const content: BlobId[] = []
  for (const _ of reader.items()) content.push(readId(reader))
  return content
}

function readBase64(reader: JsonReader): Buffer {
  const text = reader.readString()
  // Buffer.from skips what is not base64; bytes that do not come back the same were not.
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : reader.fail('not base64')
}

function readAttributes(reader: JsonReader): ExtendedAttribute[] {
  const attributes: ExtendedAttribute[] = []
  for (const _ of reader.items()) {
    let name: Buffer = Buffer.alloc(0)
    let value: Buffer = Buffer.alloc(0)
    for (const member of reader.members()) {
      if (member === 'name') name = Buffer.from(reader.readString())
      else if (member === 'value') value = reader.acceptNull() ? value : readBase64(reader)
      else reader.skipValue()
    }
    attributes.push({ name, value })
  }
  return attributes
}

function readGeneric(reader: JsonReader): { readonly [name: string]: JsonValue } {
  const value = parseJson(reader.readRaw().toString('utf8'))
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    reader.fail('generic_attributes is not an object')
  }
  return value as { readonly [name: string]: JsonValue }
}
