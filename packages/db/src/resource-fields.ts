// What the rows of every resource have in common: metadata and its field expressions.

import type { Label } from '@holdfast/domain'
import { type RawBuilder, sql } from 'kysely'
import type { FieldExpression } from './list-resources.ts'

export interface ResourceCommon {
  readonly id: string
  readonly accountID: string
  /** The version the client used. */
  readonly version: string
  readonly labels: readonly Label[]
  readonly createdAt: Date
  readonly modifiedAt: Date
  readonly createdBy: string
  readonly modifiedBy?: string
}

export interface CommonRow {
  readonly id: string
  readonly account_id: string
  readonly version: string
  readonly labels: readonly Label[]
  readonly created_at: Date
  readonly modified_at: Date
  readonly created_by: string
  readonly modified_by: string | null
}

export function toCommon(row: CommonRow): ResourceCommon {
  return {
    id: row.id,
    accountID: row.account_id,
    version: row.version,
    labels: row.labels,
    createdAt: row.created_at,
    modifiedAt: row.modified_at,
    createdBy: row.created_by,
    ...(row.modified_by === null ? {} : { modifiedBy: row.modified_by }),
  }
}

export function text(expression: RawBuilder<unknown>): FieldExpression {
  return { kind: 'text', expression: sql`(${expression})::text` }
}

/** What every row has a value of. */
export function required(field: FieldExpression): FieldExpression {
  return { ...field, isNeverNull: true }
}

export function number(expression: RawBuilder<unknown>): FieldExpression {
  return { kind: 'number', expression: sql`(${expression})::numeric` }
}

/**
 * Whole seconds: the precision in which users of the application dialect see instants, and so may
 * compare them.
 */
export function instant(expression: RawBuilder<unknown>): FieldExpression {
  return { kind: 'instant', expression: sql`date_trunc('second', ${expression}, 'UTC')` }
}

/** To its fraction, as users of the container dialect see instants. */
export function exactInstant(expression: RawBuilder<unknown>): FieldExpression {
  return { kind: 'instant', expression: sql`(${expression})` }
}

export function json(expression: RawBuilder<unknown>): FieldExpression {
  return { kind: 'json', expression }
}

/** Expressions for `id`, `version` and metadata of the table named or aliased `table`. */
export function commonFields(table: string): Readonly<Record<string, FieldExpression>> {
  const column = (name: string) => sql.ref(`${table}.${name}`)
  return {
    id: text(column('id')),
    version: text(column('version')),
    labels: json(column('labels')),
    createdAt: instant(column('created_at')),
    modifiedAt: instant(column('modified_at')),
    createdBy: text(column('created_by')),
    modifiedBy: text(column('modified_by')),
  }
}
