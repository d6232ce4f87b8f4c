// Entity tags and the conditions that requests put on them.
import { createHash } from 'node:crypto'
import { RequestError } from './request-failure.ts'
import type { WireResource } from './resource-definition.ts'

/** `"<hexadecimal MD5 of the resource's JSON>"`; mappings write members in a fixed order. */
export function entityTagOf(resource: WireResource): string {
  return `"${createHash('md5').update(JSON.stringify(resource)).digest('hex')}"`
}

export type PreconditionHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

/** RFC 9110 §13; times are compared with the modification time in whole seconds, as it is shown. */
export function checkPreconditions(
  headers: PreconditionHeaders,
  resource: WireResource,
  modifiedAt: Date,
): void {
  const wanted = textOf(headers['if-match'])
  if (wanted !== undefined) {
    const tag = entityTagOf(resource)
    const tags = wanted.split(',').map((given) => given.trim())
    const matches = tags.some((given) => given === '*' || given === tag || `"${given}"` === tag)
    if (!matches) throw new RequestError({ code: 'precondition-failed', header: 'If-Match' })
    // RFC 9110 §13.2.2: with If-Match, If-Unmodified-Since is not looked at.
    return
  }
  const modifiedSecond = Math.floor(modifiedAt.getTime() / 1000)
  const unmodifiedSince = secondOf(headers['if-unmodified-since'])
  if (unmodifiedSince !== undefined && modifiedSecond > unmodifiedSince) {
    throw new RequestError({ code: 'precondition-failed', header: 'If-Unmodified-Since' })
  }
  const modifiedSince = secondOf(headers['if-modified-since'])
  if (modifiedSince !== undefined && modifiedSecond <= modifiedSince) {
    throw new RequestError({ code: 'precondition-failed', header: 'If-Modified-Since' })
  }
}

function textOf(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : header?.join(',')
}

/** Undefined for what is no date: RFC 9110 has such a header ignored. */
function secondOf(header: string | readonly string[] | undefined): number | undefined {
  const instant = Date.parse(textOf(header) ?? '')
  return Number.isNaN(instant) ? undefined : Math.floor(instant / 1000)
}
