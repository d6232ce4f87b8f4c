// What a resource of the application dialect is. Routes, validation, list parameters, problems and
// the OpenAPI document come from it: a new resource is a definition, not a copy of another.
import type { ParentKey, ResourceCommon, ResourceScope, ResourceSource } from '@holdfast/db'
import type { TObject } from 'typebox'
import type { Caller } from '../operations/caller.ts'
import type { OperationContext } from '../operations/operation-context.ts'
import type { MissingKind } from '../operations/operation-failure.ts'
import type { Permission } from '../operations/permission.ts'
import type { ProblemNumber } from './problem-catalogue.ts'

export type WireResource = Readonly<Record<string, unknown>>

export interface ResourceDefinition<Resource extends ResourceCommon = ResourceCommon> {
  /** As in its media type: `appBackup` for `application/astra-appBackup`. */
  readonly name: string
  readonly plural: string
  readonly vendor: 'astra' | 'holdfast'
  /** For people, in the documentation: `application backup`. */
  readonly title: string
  /** Oldest first; the last is the one that lists carry. */
  readonly versions: readonly [string, ...string[]]
  readonly kind: MissingKind
  readonly source: ResourceSource<Resource>
  /** Beside those that every list and item has. */
  readonly readProblems?: readonly ProblemNumber[]
  /** What lists and items need; `read` when absent. */
  readonly readPermission?: Permission
  /** The whole item, closed. */
  readonly response: TObject
  /**
   * Wire name (dots for members) → field of the source. What is missing here can be included, but
   * neither filtered nor ordered by.
   */
  readonly fields: Readonly<Record<string, string>>
  readonly toWire: (resource: Resource) => WireResource
  /** Members that only the GET of one item carries, and that its entity tag does not cover. */
  readonly findings?: (resource: Resource) => WireResource
  readonly internalProblems: InternalProblems
  readonly collections: readonly Collection<Resource>[]
}

/** What an unexpected failure of each operation is called. */
export interface InternalProblems {
  readonly list: ProblemNumber
  readonly get: ProblemNumber
  readonly create: ProblemNumber
  readonly update: ProblemNumber
  readonly remove: ProblemNumber
}

export interface Collection<Resource extends ResourceCommon> {
  /** Below the host, with parameters: `/accounts/:account_id/k8s/v1/apps/:app_id/appBackups`. */
  readonly path: string
  /** `appBackup_id` */
  readonly itemParameter: string
  readonly parents: readonly Parent[]
  /** Instead of the definition's own, for another view of the same resources. */
  readonly source?: ResourceSource<Resource>
  /** Which of the parents limit the rows; all of them when absent. */
  readonly scopedBy?: readonly ParentKey[]
  readonly hasItem?: false
  /** Brings what is about to be read up to date. */
  readonly refresh?: (context: OperationContext, request: ReadRequest) => Promise<void>
  readonly create?: CreateMethod<Resource>
  readonly update?: UpdateMethod<Resource>
  readonly remove?: RemoveMethod
}

/** A path parameter that names a resource which must exist. */
export interface Parent {
  readonly parameter: string
  readonly key: ParentKey
  readonly kind: MissingKind
  readonly source: ResourceSource<ResourceCommon>
}

export interface ReadRequest {
  readonly caller: Caller
  /** Ids of the parents in the path. */
  readonly parents: ResourceScope['parents']
}

interface Method {
  readonly permission: Permission
  /** For people, in the documentation. */
  readonly description?: string
  /** Beside those that every operation of its kind has. */
  readonly problems: readonly ProblemNumber[]
}

export interface CreateMethod<Resource> extends Method {
  readonly body: TObject
  readonly run: (context: OperationContext, request: CreateRequest) => Promise<Resource>
}

export interface CreateRequest extends ReadRequest {
  /** Conforms to the method's schema. */
  readonly body: WireResource
}

export interface UpdateMethod<Resource> extends Method {
  readonly body: TObject
  /** `header`, lower case → what it is for; documented with the operation. */
  readonly headers?: Readonly<Record<string, string>>
  readonly run: (context: OperationContext, request: UpdateRequest<Resource>) => Promise<void>
}

export interface UpdateRequest<Resource> extends CreateRequest {
  readonly id: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** To be called with the resource as it is when nobody else can change it any more. */
  readonly checkPreconditions: (present: Resource) => void
}

export interface RemoveMethod extends Method {
  readonly run: (context: OperationContext, request: RemoveRequest) => Promise<void>
}

export interface RemoveRequest extends ReadRequest {
  readonly id: string
}

/** `application/astra-appBackup` */
export function typeOf({ vendor, name }: Pick<ResourceDefinition, 'vendor' | 'name'>): string {
  return `application/${vendor}-${name}`
}

/** `application/astra-appBackups` */
export function listTypeOf({
  vendor,
  plural,
}: Pick<ResourceDefinition, 'vendor' | 'plural'>): string {
  return `application/${vendor}-${plural}`
}
