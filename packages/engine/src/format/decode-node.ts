// Reads the JSON of nodes (repository format, section 3.4).
import { type JsonValue, parseJson } from './go-json.ts'
import { type BlobId, parseObjectId } from './ids.ts'
import { type JsonReader, MemberNames, type RepeatedString } from './json-reader.ts'
import { unquoteName } from './name-quoting.ts'
import { type ExtendedAttribute, NODE_TYPES, type Node, type NodeType } from './node.ts'
import { parseTime, UNSET_TIME_NS } from './time.ts'

/**
 * Answers the function that reads the next node: everything that stock restic writes. Members
 * that it does not know are skipped, and so are those that are `null`.
 */
export function createNodeDecoder(reader: JsonReader): () => Node {
  // Neighbours have the same owner, and most nodes three equal times.
  const lastTime = reader.repeatedString(timeOf)
  const lastUser = reader.repeatedString(asItIs)
  const lastGroup = reader.repeatedString(asItIs)
  const repeated = { lastTime, lastUser, lastGroup }
  return () => decodeNode(reader, repeated)
}

/** In the order of stock. */
const MEMBER_NAMES = new MemberNames([
  ...['name', 'type', 'mode', 'mtime', 'atime', 'ctime', 'uid', 'gid', 'user', 'group', 'inode'],
  ...['device_id', 'size', 'links', 'linktarget', 'linktarget_raw', 'extended_attributes'],
  ...['generic_attributes', 'device', 'content', 'subtree', 'error'],
])

interface RepeatedStrings {
  readonly lastTime: RepeatedString<bigint | undefined>
  readonly lastUser: RepeatedString<string>
  readonly lastGroup: RepeatedString<string>
}

type Writable<Value> = { -readonly [Member in keyof Value]: Value[Member] }

interface NodeDraft extends Writable<Omit<Node, 'name' | 'type'>> {
  name: Buffer | undefined
  type: NodeType | undefined
}

function decodeNode(reader: JsonReader, repeated: RepeatedStrings): Node {
  const draft: NodeDraft = {
    name: undefined,
    type: undefined,
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
    extendedAttributes: NO_ATTRIBUTES,
    device: 0n,
  }
  let rawLinkTarget: Buffer | undefined
  for (const member of reader.members(MEMBER_NAMES)) {
    if (reader.acceptNull()) continue
    if (member === 'linktarget_raw') rawLinkTarget = readBase64(reader)
    else readMember(reader, member, draft, repeated)
  }
  if (rawLinkTarget !== undefined) draft.linkTarget = rawLinkTarget
  if (draft.name === undefined) reader.fail('a node without a name')
  if (draft.type === undefined) reader.fail('a node without a type')
  return draft as Node
}

const NO_ATTRIBUTES: readonly ExtendedAttribute[] = []

function readMember(
  reader: JsonReader,
  member: string,
  draft: NodeDraft,
  { lastTime, lastUser, lastGroup }: RepeatedStrings,
): void {
  switch (member) {
    case 'name':
      draft.name = unquoteName(reader.readString())
      return
    case 'type':
      draft.type = readType(reader)
      return
    case 'mtime':
    case 'atime':
    case 'ctime':
      draft[member] = lastTime.read() ?? reader.fail('not an RFC 3339 time')
      return
    case 'mode':
    case 'uid':
    case 'gid':
      draft[member] = readU32(reader)
      return
    case 'user':
      draft.user = lastUser.read()
      return
    case 'group':
      draft.group = lastGroup.read()
      return
    case 'inode':
    case 'size':
    case 'links':
    case 'device':
      draft[member] = reader.readUnsigned()
      return
    case 'device_id':
      draft.deviceId = reader.readUnsigned()
      return
    case 'linktarget':
      draft.linkTarget = Buffer.from(reader.readString())
      return
    case 'extended_attributes':
      draft.extendedAttributes = readAttributes(reader)
      return
    case 'generic_attributes':
      draft.genericAttributes = readGeneric(reader)
      return
    case 'content':
      draft.content = readContent(reader)
      return
    case 'subtree':
      draft.subtree = readId(reader)
      return
    case 'error':
      draft.error = reader.readString()
      return
    default:
      reader.skipValue()
  }
}

function timeOf(text: string): bigint | undefined {
  return parseTime(text)?.epochNs
}

function asItIs(text: string): string {
  return text
}

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
