// What capabilities mean in the other dialect, row by row, and the laws of giving them.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  applicationRoleOf,
  CAPABILITIES,
  type Capability,
  capabilitiesBeyond,
  DEFAULT_ROLE_OF_USER,
  DEFAULT_ROLES,
  defaultRole,
  includesCapability,
  type RoleCapabilities,
} from './capabilities.ts'

/** By hand, as docs/people-and-rights.md has it. */
const ROLE_IN_THE_OTHER_DIALECT = {
  owner: 'owner',
  admin: 'admin',
  dev_ops: 'member',
  developer: 'member',
  consultant: 'viewer',
  analyst: 'viewer',
} as const

/** Who has which of the capabilities that routes ask for, as the dialect's documents assign them. */
const HOLDERS: Readonly<Partial<Record<Capability, string>>> = {
  'containers-backups-view': 'owner admin dev_ops developer consultant analyst',
  'containers-backups-manage': 'owner admin dev_ops developer',
  'containers-view': 'owner admin dev_ops developer consultant analyst',
  'containers-deploy': 'owner admin dev_ops developer',
  'containers-manage': 'owner admin dev_ops developer',
  'containers-volumes-view': 'owner admin dev_ops developer consultant analyst',
  'containers-volumes-manage': 'owner admin dev_ops developer',
  'hubs-integrations-view': 'owner admin dev_ops developer consultant',
  'hubs-integrations-manage': 'owner admin',
  'apionly-jobs-view': 'owner admin developer analyst',
  'api-keys-manage': 'owner admin',
  'hubs-roles-manage': 'owner admin',
  'hubs-auditlog-view': 'owner admin',
  'hubs-delete': 'owner',
}

const MEMBER = [
  'containers-view',
  'containers-manage',
  'containers-backups-view',
  'containers-backups-manage',
] as const
const ADMIN = [
  'containers-manage',
  'containers-backups-manage',
  'hubs-integrations-manage',
  'hubs-roles-manage',
  'api-keys-manage',
] as const

test('each default role is the role of the other dialect that is documented', () => {
  const found = DEFAULT_ROLES.map(({ identifier, capabilities }) => [
    identifier,
    applicationRoleOf(capabilities),
  ])
  assert.deepEqual(Object.fromEntries(found), ROLE_IN_THE_OTHER_DIALECT)
})

test('each role of the other dialect is a default role that is that role again', () => {
  for (const [role, identifier] of Object.entries(DEFAULT_ROLE_OF_USER)) {
    assert.equal(applicationRoleOf(defaultRole(identifier).capabilities), role)
  }
})

test('docs/people-and-rights.md tells both ways', () => {
  const page = readFileSync(new URL('../../../docs/people-and-rights.md', import.meta.url), 'utf8')
  const rows = page.matchAll(/^\| `(\w+)` \((\d+)\) \|[^|]*\| (\S+) \| `(\w+)` \|$/gm)
  const told = [...rows].map(([, ...columns]) => columns)
  const expected = DEFAULT_ROLES.map(({ identifier, rank, capabilities }) => {
    const users = Object.entries(DEFAULT_ROLE_OF_USER).find(([, role]) => role === identifier)
    const ofUsers = users === undefined ? '–' : `\`${users[0]}\``
    return [identifier, String(rank), ofUsers, applicationRoleOf(capabilities)]
  })
  assert.deepEqual(told, expected)
})

test('the default roles have the capabilities that the documents assign them', () => {
  for (const [capability, holders] of Object.entries(HOLDERS)) {
    const found = DEFAULT_ROLES.filter(({ capabilities }) =>
      includesCapability(capabilities, capability as Capability),
    )
    assert.equal(found.map(({ identifier }) => identifier).join(' '), holders, capability)
  }
})

test('ranks go down from the owner, who alone has everything', () => {
  const ranks = DEFAULT_ROLES.map(({ rank }) => rank)
  assert.deepEqual(
    ranks,
    ranks.toSorted((one, other) => other - one),
  )
  assert.deepEqual(
    DEFAULT_ROLES.filter(({ isRoot, capabilities }) => isRoot || capabilities.all).map(
      ({ identifier, rank }) => [identifier, rank],
    ),
    [['owner', 10]],
  )
})

test('a role of the other dialect needs every one of its capabilities', () => {
  const of = (...specific: readonly Capability[]) => applicationRoleOf({ all: false, specific })
  assert.equal(of(), undefined)
  assert.equal(of('containers-view'), undefined)
  assert.equal(of('containers-backups-view'), undefined)
  assert.equal(of('containers-view', 'containers-backups-view'), 'viewer')
  assert.equal(of(...MEMBER), 'member')
  assert.equal(of(...ADMIN), 'admin')
  assert.equal(of(...CAPABILITIES), 'admin', 'an owner has all of them by definition alone')
  for (const lacking of MEMBER) assert.notEqual(of(...without(MEMBER, lacking)), 'member', lacking)
  for (const lacking of ADMIN) assert.notEqual(of(...without(ADMIN, lacking)), 'admin', lacking)
})

const anyCapabilities = fc.record({
  all: fc.boolean(),
  specific: fc.uniqueArray(fc.constantFrom(...CAPABILITIES)),
}) satisfies fc.Arbitrary<RoleCapabilities>

test('more capabilities are never a lower role', () => {
  const ranks = [undefined, 'viewer', 'member', 'admin', 'owner']
  fc.assert(
    fc.property(anyCapabilities, fc.constantFrom(...CAPABILITIES), (held, more) => {
      const grown = { ...held, specific: [...held.specific, more] }
      const [before, after] = [applicationRoleOf(held), applicationRoleOf(grown)]
      assert.ok(ranks.indexOf(after) >= ranks.indexOf(before))
    }),
  )
})

test('what is beyond is what one allows and the other does not', () => {
  fc.assert(
    fc.property(anyCapabilities, anyCapabilities, (given, held) => {
      const beyond = capabilitiesBeyond(given, held)
      for (const capability of CAPABILITIES) {
        const isBeyond =
          includesCapability(given, capability) && !includesCapability(held, capability)
        assert.equal(beyond.includes(capability), isBeyond)
      }
    }),
  )
})

function without(capabilities: readonly Capability[], lacking: Capability): readonly Capability[] {
  return capabilities.filter((capability) => capability !== lacking)
}
