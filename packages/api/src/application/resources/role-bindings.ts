// Role bindings: which role a user has, and which namespaces it reaches.
import { ROLE_BINDINGS, ROLES, type RoleBinding } from '@holdfast/db'
import { type Static, Type } from 'typebox'
import {
  changeRoleBinding,
  createRoleBinding,
  removeRoleBinding,
} from '../../operations/change-role-binding.ts'
import { PLAIN_INTERNAL_PROBLEMS } from '../internal-problems.ts'
import { GROUP, USER } from '../parents.ts'
import type { Collection, ResourceDefinition } from '../resource-definition.ts'
import { lowerId } from '../sent-values.ts'
import {
  COMMON_FIELDS,
  IdSchema,
  MetadataSchema,
  SentIdSchema,
  SentMetadataSchema,
  toWireMetadata,
} from '../shared-schemas.ts'

const VERSIONS = ['1.0', '1.1'] as const
const CLOSED = { additionalProperties: false } as const
const TYPE = 'application/astra-roleBinding'
const NIL_ID = '00000000-0000-0000-0000-000000000000'

const RoleSchema = Type.Enum([...ROLES])
const ConstraintsSchema = Type.Array(Type.String({ maxLength: 512 }), {
  uniqueItems: true,
  description: 'Which namespaces the role reaches; ["*"] is everything, [] nothing.',
})
const PrincipalSchema = Type.Enum(['user', 'group'])

const CreateSchema = Type.Object(
  {
    type: Type.Literal(TYPE),
    version: Type.Enum([...VERSIONS]),
    principalType: Type.Optional(PrincipalSchema),
    userID: Type.Optional(SentIdSchema),
    groupID: Type.Optional(SentIdSchema),
    accountID: SentIdSchema,
    role: RoleSchema,
    roleConstraints: Type.Optional(ConstraintsSchema),
    metadata: Type.Optional(SentMetadataSchema),
  },
  CLOSED,
)

const UpdateSchema = Type.Object(
  {
    type: Type.Literal(TYPE),
    version: Type.Enum([...VERSIONS]),
    id: Type.Optional(SentIdSchema),
    principalType: Type.Optional(PrincipalSchema),
    userID: Type.Optional(SentIdSchema),
    groupID: Type.Optional(SentIdSchema),
    accountID: Type.Optional(SentIdSchema),
    role: RoleSchema,
    roleConstraints: Type.Optional(ConstraintsSchema),
    metadata: Type.Optional(SentMetadataSchema),
  },
  CLOSED,
)

const methods: Pick<Collection<RoleBinding>, 'create' | 'update' | 'remove'> = {
  create: {
    permission: 'manage-people',
    description: 'Gives a user a role. Nobody gives a higher one than their own.',
    body: CreateSchema,
    problems: [],
    run: (context, { caller, parents, body }) => {
      const sent = body as Static<typeof CreateSchema>
      return createRoleBinding(context, caller, {
        version: sent.version,
        accountID: lowerId(sent.accountID),
        role: sent.role,
        labels: sent.metadata?.labels ?? [],
        ...(sent.userID === undefined ? {} : { userID: lowerId(sent.userID) }),
        ...(sent.groupID === undefined ? {} : { groupID: lowerId(sent.groupID) }),
        ...(sent.roleConstraints === undefined ? {} : { roleConstraints: sent.roleConstraints }),
        ...(parents.userID === undefined ? {} : { pathUserID: parents.userID }),
      })
    },
  },
  update: {
    permission: 'manage-people',
    description: 'Changes the role, or what it reaches; whose it is stays.',
    body: UpdateSchema,
    problems: [],
    run: (context, { caller, id, body, checkPreconditions }) => {
      const sent = body as Static<typeof UpdateSchema>
      const fixed = (['userID', 'groupID', 'accountID'] as const).flatMap((name) => {
        const value = sent[name]
        return value === undefined ? [] : [[name, lowerId(value)]]
      })
      return changeRoleBinding(context, caller, {
        id,
        version: sent.version,
        role: sent.role,
        fixed: Object.fromEntries(fixed),
        checkPreconditions,
        ...(sent.roleConstraints === undefined ? {} : { roleConstraints: sent.roleConstraints }),
        ...(sent.metadata?.labels === undefined ? {} : { labels: sent.metadata.labels }),
      })
    },
  },
  remove: {
    permission: 'manage-people',
    description: 'With the last binding of a user, the user goes, too.',
    problems: [10],
    run: (context, { caller, id }) => removeRoleBinding(context, caller, id),
  },
}

const CORE = '/accounts/:account_id/core/v1'

export const roleBindings: ResourceDefinition<RoleBinding> = {
  name: 'roleBinding',
  plural: 'roleBindings',
  vendor: 'astra',
  title: 'role binding',
  versions: VERSIONS,
  kind: 'role binding',
  source: ROLE_BINDINGS,
  response: Type.Object(
    {
      type: Type.Literal(TYPE),
      version: Type.Enum([...VERSIONS]),
      id: IdSchema,
      principalType: PrincipalSchema,
      userID: IdSchema,
      groupID: IdSchema,
      accountID: IdSchema,
      role: RoleSchema,
      roleConstraints: Type.Array(Type.String()),
      metadata: MetadataSchema,
    },
    CLOSED,
  ),
  fields: {
    ...COMMON_FIELDS,
    principalType: 'principalType',
    userID: 'userID',
    groupID: 'groupID',
    accountID: 'accountID',
    role: 'role',
    roleConstraints: 'roleConstraints',
  },
  toWire: (binding) => ({
    type: TYPE,
    version: binding.version,
    id: binding.id,
    principalType: 'user',
    userID: binding.userID,
    groupID: NIL_ID,
    accountID: binding.accountID,
    role: binding.role,
    roleConstraints: binding.roleConstraints,
    metadata: toWireMetadata(binding),
  }),
  internalProblems: PLAIN_INTERNAL_PROBLEMS,
  collections: [
    { path: `${CORE}/roleBindings`, parents: [] },
    { path: `${CORE}/users/:user_id/roleBindings`, parents: [USER] },
    { path: `${CORE}/groups/:group_id/roleBindings`, parents: [GROUP] },
    { path: `${CORE}/groups/:group_id/users/:user_id/roleBindings`, parents: [GROUP, USER] },
    { path: `${CORE}/users/:user_id/groups/:group_id/roleBindings`, parents: [USER, GROUP] },
  ].map((collection) => ({ ...collection, itemParameter: 'roleBinding_id', ...methods })),
}
