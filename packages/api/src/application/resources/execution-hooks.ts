// Execution hooks: which script runs for which containers of an app, before or after what.
import { EXECUTION_HOOKS, type ExecutionHook } from '@holdfast/db'
import {
  HOOK_ACTIONS,
  HOOK_CRITERION_TYPES,
  HOOK_STAGES,
  hostHookTargets,
  targetsMatching,
} from '@holdfast/domain'
import { type Static, Type } from 'typebox'
import { changeHook, createHook, removeHook } from '../../operations/change-hook.ts'
import { OperationError } from '../../operations/operation-failure.ts'
import { refuseDisabledHooks } from '../../operations/refuse-disabled-hooks.ts'
import { PLAIN_INTERNAL_PROBLEMS } from '../internal-problems.ts'
import { APP } from '../parents.ts'
import type {
  Collection,
  CreateRequest,
  ResourceDefinition,
  UpdateRequest,
  WireResource,
} from '../resource-definition.ts'
import { lowerId } from '../sent-values.ts'
import {
  COMMON_FIELDS,
  IdSchema,
  LabelSchema,
  MetadataSchema,
  SentIdSchema,
  SentMetadataSchema,
  TrueFalseSchema,
  toWireMetadata,
} from '../shared-schemas.ts'

const TYPE = 'application/astra-executionHook'
const VERSIONS = ['1.0', '1.1', '1.2', '1.3'] as const
const CLOSED = { additionalProperties: false } as const

const NameSchema = Type.String({ minLength: 1, maxLength: 63 })
const HookTypeSchema = Type.Enum(['netapp', 'custom'])
const ActionSchema = Type.Enum([...HOOK_ACTIONS])
const StageSchema = Type.Enum([...HOOK_STAGES])
const DescriptionSchema = Type.String({ maxLength: 511 })
const CriteriaSchema = Type.Array(
  Type.Object(
    {
      type: Type.Enum([...HOOK_CRITERION_TYPES]),
      value: Type.String({
        description: 'A regular expression (RE2), found anywhere in the value; ^ and $ anchor it.',
      }),
    },
    CLOSED,
  ),
  { maxItems: 10, description: 'All must match; without any, every container of the app does.' },
)
const ArgumentsSchema = Type.Array(Type.String({ maxLength: 127 }), { maxItems: 16 })
const ContainerSchema = Type.Object(
  {
    podName: Type.Optional(Type.String()),
    podLabels: Type.Optional(Type.Array(LabelSchema)),
    containerImage: Type.Optional(Type.String()),
    containerName: Type.Optional(Type.String()),
    namespaceName: Type.Optional(Type.String()),
  },
  CLOSED,
)

const sentMembers = {
  type: Type.Literal(TYPE),
  version: Type.Enum([...VERSIONS]),
  // Clients copy hooks, and send what there is none of as null.
  matchingCriteria: Type.Optional(Type.Union([CriteriaSchema, Type.Null()])),
  arguments: Type.Optional(Type.Union([ArgumentsSchema, Type.Null()])),
  appID: Type.Optional(SentIdSchema),
  enabled: Type.Optional(TrueFalseSchema),
  description: Type.Optional(DescriptionSchema),
  metadata: Type.Optional(SentMetadataSchema),
}

const CreateSchema = Type.Object(
  {
    ...sentMembers,
    name: NameSchema,
    hookType: HookTypeSchema,
    action: ActionSchema,
    stage: StageSchema,
    hookSourceID: SentIdSchema,
  },
  CLOSED,
)

const UpdateSchema = Type.Object(
  {
    ...sentMembers,
    id: Type.Optional(SentIdSchema),
    name: Type.Optional(NameSchema),
    hookType: Type.Optional(HookTypeSchema),
    action: Type.Optional(ActionSchema),
    stage: Type.Optional(StageSchema),
    hookSourceID: Type.Optional(SentIdSchema),
    matchingContainers: Type.Optional(Type.Array(ContainerSchema)),
    matchingImages: Type.Optional(Type.Array(Type.String(), { maxItems: 4095 })),
  },
  CLOSED,
)

const collection: Omit<Collection<ExecutionHook>, 'path' | 'parents'> = {
  itemParameter: 'executionHook_id',
  refresh: ({ database }, { caller }) => refuseDisabledHooks(database, caller.accountID),
  create: {
    permission: 'manage-hooks',
    description:
      'Hooks run in the order of their names. Those of the action failover are kept and never run: apps are not replicated here.',
    body: CreateSchema,
    problems: [73, 168],
    run: (context, request) => createHook(context, request.caller, readCreate(request)),
  },
  update: {
    permission: 'manage-hooks',
    body: UpdateSchema,
    problems: [73, 168],
    run: (context, request) => changeHook(context, request.caller, readUpdate(request)),
  },
  remove: {
    permission: 'manage-hooks',
    description: 'What it does around an operation that has begun is still done.',
    problems: [73, 168],
    run: (context, { caller, id, parents }) =>
      removeHook(context, caller, { id, appID: parents.appID }),
  },
}

export const executionHooks: ResourceDefinition<ExecutionHook> = {
  name: 'executionHook',
  plural: 'executionHooks',
  vendor: 'astra',
  title: 'execution hook',
  versions: VERSIONS,
  kind: 'resource',
  source: EXECUTION_HOOKS,
  readProblems: [168],
  response: Type.Object(
    {
      type: Type.Literal(TYPE),
      version: Type.Enum([...VERSIONS]),
      id: IdSchema,
      name: NameSchema,
      hookType: HookTypeSchema,
      matchingCriteria: CriteriaSchema,
      matchingContainers: Type.Optional(Type.Array(ContainerSchema)),
      matchingImages: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 255 }))),
      action: ActionSchema,
      stage: StageSchema,
      hookSourceID: IdSchema,
      arguments: ArgumentsSchema,
      appID: IdSchema,
      enabled: TrueFalseSchema,
      description: Type.Optional(DescriptionSchema),
      metadata: MetadataSchema,
    },
    CLOSED,
  ),
  fields: {
    ...COMMON_FIELDS,
    name: 'name',
    hookType: 'hookType',
    matchingCriteria: 'matchingCriteria',
    action: 'action',
    stage: 'stage',
    hookSourceID: 'hookSourceID',
    arguments: 'arguments',
    appID: 'appID',
    enabled: 'enabled',
    description: 'description',
  },
  toWire,
  findings: (hook) => {
    const targets = hostHookTargets({ name: hook.appName, namespaces: hook.namespaces })
    return {
      matchingContainers: targetsMatching(hook.matchingCriteria, targets),
      // Nothing on a host has an image.
      matchingImages: [],
    }
  },
  internalProblems: PLAIN_INTERNAL_PROBLEMS,
  collections: [
    { path: '/accounts/:account_id/core/v1/executionHooks', parents: [], ...collection },
    {
      path: '/accounts/:account_id/k8s/v1/apps/:app_id/executionHooks',
      parents: [APP],
      ...collection,
    },
  ],
}

function readCreate({ body, parents }: CreateRequest) {
  const sent = body as Static<typeof CreateSchema>
  const appID = sent.appID === undefined ? parents.appID : lowerId(sent.appID)
  if (appID === undefined) {
    const members = [{ name: 'appID', reason: 'is missing: it names the app of the hook' }]
    throw new OperationError({ code: 'invalid-request', members })
  }
  if (parents.appID !== undefined && appID !== parents.appID) {
    const members = [{ name: 'appID', reason: 'is not the app in the path' }]
    const resource = `app ${parents.appID}`
    throw new OperationError({ code: 'fixed-value-changed', resource, members })
  }
  return {
    version: sent.version,
    appID,
    name: sent.name,
    hookType: sent.hookType,
    matchingCriteria: sent.matchingCriteria ?? [],
    action: sent.action,
    stage: sent.stage,
    hookSourceID: lowerId(sent.hookSourceID),
    arguments: sent.arguments ?? [],
    isEnabled: sent.enabled !== 'false',
    ...(sent.description === undefined ? {} : { description: sent.description }),
    labels: sent.metadata?.labels ?? [],
  }
}

function readUpdate({ id, body, parents, checkPreconditions }: UpdateRequest<ExecutionHook>) {
  const sent = body as Static<typeof UpdateSchema>
  const { name, hookType, action, stage, description } = sent
  return {
    id,
    parentAppID: parents.appID,
    version: sent.version,
    checkPreconditions,
    ...(name === undefined ? {} : { name }),
    ...(hookType === undefined ? {} : { hookType }),
    ...(sent.matchingCriteria === undefined
      ? {}
      : { matchingCriteria: sent.matchingCriteria ?? [] }),
    ...(action === undefined ? {} : { action }),
    ...(stage === undefined ? {} : { stage }),
    ...(sent.hookSourceID === undefined ? {} : { hookSourceID: lowerId(sent.hookSourceID) }),
    ...(sent.arguments === undefined ? {} : { arguments: sent.arguments ?? [] }),
    ...(sent.appID === undefined ? {} : { appID: lowerId(sent.appID) }),
    ...(sent.enabled === undefined ? {} : { isEnabled: sent.enabled === 'true' }),
    ...(description === undefined ? {} : { description }),
    ...(sent.metadata?.labels === undefined ? {} : { labels: sent.metadata.labels }),
  }
}

function toWire(hook: ExecutionHook): WireResource {
  return {
    type: TYPE,
    version: hook.version,
    id: hook.id,
    name: hook.name,
    hookType: hook.hookType,
    matchingCriteria: hook.matchingCriteria,
    action: hook.action,
    stage: hook.stage,
    hookSourceID: hook.hookSourceID,
    arguments: hook.arguments,
    appID: hook.appID,
    enabled: String(hook.isEnabled),
    ...(hook.description === undefined ? {} : { description: hook.description }),
    metadata: toWireMetadata(hook),
  }
}
