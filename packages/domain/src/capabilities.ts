// What a role of the container dialect allows: the dialect's capabilities, and the roles that every
// hub begins with. Most capabilities name things that this product does not have; roles keep them
// all the same, so that what scripts make and compare stays as they made it.

export const CAPABILITIES = [
  'external-volumes-view',
  'external-volumes-manage',
  'api-keys-manage',
  'apionly-jobs-view',
  'apionly-notifications-listen',
  'autoscale-groups-manage',
  'autoscale-groups-view',
  'billing-credits-view',
  'billing-invoices-pay',
  'billing-invoices-view',
  'billing-methods-manage',
  'billing-services-manage',
  'billing-services-view',
  'containers-backups-manage',
  'containers-backups-view',
  'containers-console',
  'containers-deploy',
  'containers-instances-migrate',
  'containers-lock',
  'containers-ssh',
  'containers-manage',
  'containers-view',
  'containers-functions-trigger',
  'containers-volumes-manage',
  'containers-volumes-view',
  'dns-certs-view',
  'dns-manage',
  'dns-view',
  'environments-deployments-manage',
  'environments-manage',
  'environments-scopedvariables-manage',
  'environments-scopedvariables-view',
  'environments-services-manage',
  'environments-view',
  'environments-vpn',
  'environments-vpn-manage',
  'hubs-delete',
  'hubs-integrations-manage',
  'hubs-integrations-view',
  'hubs-invites-manage',
  'hubs-invites-send',
  'hubs-members-manage',
  'hubs-members-view',
  'hubs-roles-manage',
  'hubs-roles-view',
  'hubs-usage-view',
  'hubs-update',
  'hubs-auditlog-view',
  'images-manage',
  'images-sources-manage',
  'images-sources-view',
  'images-view',
  'ips-manage',
  'servers-console',
  'servers-decommission',
  'servers-login',
  'clusters-manage',
  'clusters-view',
  'servers-provision',
  'servers-manage',
  'servers-view',
  'san-manage',
  'san-view',
  'monitor-manage',
  'monitor-view',
  'pipelines-manage',
  'pipelines-trigger',
  'pipelines-view',
  'sdn-networks-manage',
  'sdn-networks-view',
  'security-manage',
  'security-view',
  'stacks-builds-deploy',
  'stacks-builds-manage',
  'stacks-manage',
  'stacks-view',
  'virtual-machines-view',
  'virtual-machines-manage',
  'virtual-machines-deploy',
  'virtual-machines-console',
  'virtual-machines-lock',
  'virtual-machines-ssh-keys-manage',
  'virtual-machines-root-pw-view',
  'virtual-machines-root-pw-view-temp',
] as const
export type Capability = (typeof CAPABILITIES)[number]

export function isCapability(text: string): text is Capability {
  return (CAPABILITIES as readonly string[]).includes(text)
}

export interface RoleCapabilities {
  readonly all: boolean
  /** Means nothing beside `all`. */
  readonly specific: readonly Capability[]
}

export function includesCapability(held: RoleCapabilities, capability: Capability): boolean {
  return held.all || held.specific.includes(capability)
}

/** What `given` allows and `held` does not; nobody gives what they do not have. */
export function capabilitiesBeyond(
  given: RoleCapabilities,
  held: RoleCapabilities,
): readonly Capability[] {
  const wanted = given.all ? CAPABILITIES : given.specific
  return wanted.filter((capability) => !includesCapability(held, capability))
}

export const DEFAULT_ROLE_IDENTIFIERS = [
  'owner',
  'admin',
  'dev_ops',
  'developer',
  'consultant',
  'analyst',
] as const
export type DefaultRoleIdentifier = (typeof DEFAULT_ROLE_IDENTIFIERS)[number]

export interface DefaultRole {
  readonly identifier: DefaultRoleIdentifier
  readonly name: string
  /** 0 to 10: a role is changed by higher ones alone. */
  readonly rank: number
  readonly isRoot: boolean
  readonly capabilities: RoleCapabilities
}

const VIEWS: readonly Capability[] = [
  'containers-view',
  'containers-backups-view',
  'containers-volumes-view',
]
const CONTAINER_WORK: readonly Capability[] = [
  'containers-backups-manage',
  'containers-deploy',
  'containers-manage',
  'containers-console',
  'containers-ssh',
  'containers-lock',
  'containers-instances-migrate',
  'containers-functions-trigger',
  'containers-volumes-manage',
]

/** As the dialect's documents assign them (cycle-api.md, section 1.2). */
export const DEFAULT_ROLES: readonly DefaultRole[] = [
  {
    identifier: 'owner',
    name: 'Owner',
    rank: 10,
    isRoot: true,
    capabilities: { all: true, specific: [] },
  },
  {
    identifier: 'admin',
    name: 'Admin',
    rank: 9,
    isRoot: false,
    capabilities: {
      all: false,
      specific: [
        ...VIEWS,
        ...CONTAINER_WORK,
        'hubs-integrations-view',
        'hubs-integrations-manage',
        'apionly-jobs-view',
        'api-keys-manage',
        'hubs-roles-manage',
        'hubs-roles-view',
        'hubs-auditlog-view',
      ],
    },
  },
  {
    identifier: 'dev_ops',
    name: 'DevOps',
    rank: 7,
    isRoot: false,
    capabilities: { all: false, specific: [...VIEWS, ...CONTAINER_WORK, 'hubs-integrations-view'] },
  },
  {
    identifier: 'developer',
    name: 'Developer',
    rank: 6,
    isRoot: false,
    capabilities: {
      all: false,
      specific: [...VIEWS, ...CONTAINER_WORK, 'hubs-integrations-view', 'apionly-jobs-view'],
    },
  },
  {
    identifier: 'consultant',
    name: 'Consultant',
    rank: 3,
    isRoot: false,
    capabilities: { all: false, specific: [...VIEWS, 'hubs-integrations-view'] },
  },
  {
    identifier: 'analyst',
    name: 'Analyst',
    rank: 2,
    isRoot: false,
    capabilities: { all: false, specific: [...VIEWS, 'apionly-jobs-view'] },
  },
]

/** Which default role a role of the application dialect is here. */
export const DEFAULT_ROLE_OF_USER = {
  owner: 'owner',
  admin: 'admin',
  member: 'developer',
  viewer: 'analyst',
} as const satisfies Readonly<Record<string, DefaultRoleIdentifier>>

export function defaultRole(identifier: DefaultRoleIdentifier): DefaultRole {
  const found = DEFAULT_ROLES.find((role) => role.identifier === identifier)
  if (found === undefined) throw new RangeError(`There is no default role ${identifier}.`)
  return found
}

/** What an API key is in the application dialect: the highest role all of whose needs it meets. */
export function applicationRoleOf(
  held: RoleCapabilities,
): 'owner' | 'admin' | 'member' | 'viewer' | undefined {
  if (held.all) return 'owner'
  return NEEDS.find(({ needs }) =>
    needs.every((capability) => includesCapability(held, capability)),
  )?.role
}

const NEEDS = [
  {
    role: 'admin',
    needs: [
      'containers-manage',
      'containers-backups-manage',
      'hubs-integrations-manage',
      'hubs-roles-manage',
      'api-keys-manage',
    ],
  },
  {
    role: 'member',
    needs: [
      'containers-view',
      'containers-manage',
      'containers-backups-view',
      'containers-backups-manage',
    ],
  },
  { role: 'viewer', needs: ['containers-view', 'containers-backups-view'] },
] as const satisfies readonly {
  readonly role: 'admin' | 'member' | 'viewer'
  readonly needs: readonly Capability[]
}[]
