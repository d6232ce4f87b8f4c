// Writes the JSON of one node, byte for byte as stock restic does (repository format, section 3.4).
import { isUtf8 } from 'node:buffer'
import { encodeGoJson, encodeGoString } from './go-json.ts'
import type { BlobId } from './ids.ts'
import { encodeTextBytes, quoteName } from './name-quoting.ts'
import type { Node, WritableNode } from './node.ts'
import { formatTime } from './time.ts'

/** Ids joined at once, so that no string comes near V8's limit. */
const IDS_PER_PART = 4096

/** Yields the text in parts; one part for all but very large files. */
export function* encodeNode(node: WritableNode): Generator<string, void, undefined> {
  let text = `{"name":${encodeGoString(quoteName(node.name))},"type":"${node.type}"`
  if (node.mode !== 0) text += `,"mode":${node.mode}`
  const mtime = formatTime(node.mtime)
  const atime = node.atime === node.mtime ? mtime : formatTime(node.atime)
  text += `,"mtime":"${mtime}","atime":"${atime}"`
  text += `,"ctime":"${formatTime(node.ctime)}","uid":${node.uid},"gid":${node.gid}`
  if (node.user !== '') text += `,"user":${encodeGoString(node.user)}`
  if (node.group !== '') text += `,"group":${encodeGoString(node.group)}`
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

function encodeLinkTarget(target: Buffer | undefined): string {
  if (target === undefined || target.length === 0) return ''
  const text = `,"linktarget":${encodeTextBytes(target)}`
  return isUtf8(target) ? text : `${text},"linktarget_raw":"${target.toString('base64')}"`
}

function encodeAttributes(node: Pick<Node, 'extendedAttributes' | 'genericAttributes'>): string {
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

function* encodeContent(content: Iterable<BlobId>): Generator<string, void, undefined> {
  let ids: BlobId[] = []
  let separator = ''
  for (const id of content) {
    ids.push(id)
    if (ids.length < IDS_PER_PART) continue
    yield `${separator}"${ids.join('","')}"`
    separator = ','
    ids = []
  }
  if (ids.length > 0) yield `${separator}"${ids.join('","')}"`
}
