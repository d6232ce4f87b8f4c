// Where the objects of a repository are in a bucket: restic's default layout (repository format,
// section 1.1), `<prefix>/data/<two digits>/<id>` and `<prefix>/<kind>/<id>`.
import { parseObjectId } from '../format/ids.ts'
import type { ObjectHandle, ObjectKind } from './backend.ts'

export function objectKey(prefix: string, { kind, name }: ObjectHandle): string {
  if (kind === 'config') return `${rootOf(prefix)}config`
  if (parseObjectId(name) === undefined) throw new TypeError(`not an object name: ${name}`)
  const shard = kind === 'data' ? `${name.slice(0, 2)}/` : ''
  return `${kindPrefix(prefix, kind)}${shard}${name}`
}

/** What the keys of a kind begin with, `config` excepted. */
export function kindPrefix(prefix: string, kind: Exclude<ObjectKind, 'config'>): string {
  return `${rootOf(prefix)}${kind}/`
}

/** Undefined for what is no object of this kind. */
export function nameInKey(
  prefix: string,
  kind: Exclude<ObjectKind, 'config'>,
  key: string,
): string | undefined {
  const begin = kindPrefix(prefix, kind)
  if (!key.startsWith(begin)) return undefined
  const rest = key.slice(begin.length)
  const name = kind === 'data' ? rest.replace(/^[0-9a-f]{2}\//, '') : rest
  if (parseObjectId(name) === undefined) return undefined
  return objectKey(prefix, { kind, name }) === key ? name : undefined
}

/** What all keys of the repository begin with. */
export function rootOf(prefix: string): string {
  return prefix === '' ? '' : `${prefix}/`
}
