// What a route of the container dialect is: all that its registration, validation and description
// need. `routes.ts` lists every one of them.

import type { IncomingHttpHeaders } from 'node:http'
import type { Capability } from '@holdfast/domain'
import type { TSchema } from 'typebox'
import type { Caller } from '../operations/caller.ts'
import type { OperationContext } from '../operations/operation-context.ts'

export interface RouteDefinition {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** `/v1/containers/:containerId/backups` */
  readonly path: string
  readonly operationID: string
  readonly summary: string
  readonly description?: string
  readonly tag: string
  /** What the caller must be able to do; `public`: nobody needs to say who they are. */
  readonly capability: Capability | 'public' | 'any'
  /** True where the documents ask for the bearer alone: without the header it is the caller's hub. */
  readonly isHubHeaderOptional?: boolean
  readonly query?: QueryDefinition
  /** What is read of them besides the token and the hub; nobody must send them. */
  readonly headers?: TSchema
  readonly body?: TSchema
  readonly success: {
    readonly status: 200 | 201 | 202
    /** Of the member `data`. */
    readonly data: TSchema
    /** Of the other members of the root document. */
    readonly includes?: TSchema
    readonly meta?: TSchema
  }
  readonly run: (
    context: OperationContext,
    request: RouteRequest,
  ) => Promise<RouteAnswer | LongAnswer>
}

/** Values that are taken; any other is refused with its parameter named. */
export interface QueryDefinition {
  readonly include?: readonly string[]
  readonly meta?: readonly string[]
  /** Keys, without the sign. */
  readonly sort?: readonly string[]
  /** `filter[<name>]` */
  readonly filter?: readonly string[]
  readonly isPaged?: boolean
}

export interface RouteRequest {
  /** With the reach that they have for the route's capability; absent on a public route. */
  readonly caller: Caller
  readonly params: Readonly<Record<string, string>>
  readonly query: ReadQuery
  /** Valid by `body`. */
  readonly body: unknown
  readonly headers: IncomingHttpHeaders
}

export interface ReadQuery {
  readonly include: ReadonlySet<string>
  readonly meta: ReadonlySet<string>
  readonly sort: readonly SortKey[]
  /** Absent: everything. `number` counts from 1. */
  readonly page?: { readonly number: number; readonly size: number }
  /** The comma-separated values of each. */
  readonly filter: Readonly<Record<string, readonly string[]>>
}

export interface SortKey {
  readonly key: string
  readonly isDescending: boolean
}

/** The members of the root document. */
export interface RouteAnswer {
  readonly data: unknown
  readonly includes?: Includes
  readonly meta?: unknown
}

/** By kind and id. */
export type Includes = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** Of a list that may be long: what follows the data is made when all of it was sent. */
export interface LongAnswer {
  readonly batches: AsyncIterable<readonly unknown[]>
  readonly includes?: () => Promise<Includes>
}
