// What is served, against the documents of the application dialect: versions, paths, methods, list
// parameters and each member. What differs is listed here, each with its reason.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  memberDifferences,
  parseCollection,
  routeDifferences,
  type ServedPaths,
} from '../testing/reference-differences.ts'
import { REFERENCE, type ReferenceResource } from '../testing/reference-tables.ts'
import { makeTestApi, type TestApi } from '../testing/test-api.ts'

/** Collections of the dialect that the tables leave out, and answer empty here. */
const EMPTY_PATHS =
  /^\/accounts\/\{account_id\}\/(core\/v1\/(asups|certificates|entitlements|ldapGroups|ldapUsers|licenses|packages|subscriptions|upgrades)|topology\/v1\/.*\/storageDevices)(\/\{[a-zA-Z]+_id\})?$/

/** Our own namespace, the metrics, what the service says of itself, and the other dialect. */
const OWN_PATHS =
  /^\/(accounts\/\{account_id\}\/(holdfast\/v1\/.+|metrics)|healthz|readyz|metrics|holdfast\/v1\/session|v1\/.+)$/

const SENT_BACK = 'taken from a client that sends back what it got, and not looked at'
const LIMITED = 'everything has a limit'
const NAMES = 'names on a host are percent-encoded bytes, so they may be longer'
const OWN_VALUE = 'a value of our own'

/** Each matches at least one difference, or it has to go. */
const EXPLAINED: readonly (readonly [RegExp, string])[] = [
  [/^(cluster|bucket|app|managedCluster)\.response\.(clusterType|provider) may be/, OWN_VALUE],
  [/^\w+\.response\.[\w.]+ is absent$/, 'optional, and nothing here has it; see the next test'],
  [/^(appMirror|storageBackend|executionHookOverride)\.response\./, 'there is no such item'],
  [/addressCountry may not be/, 'ISO 3166 alpha-2'],
  [/^user\.\w+\.authID may not be "a+… of \d{4}/, LIMITED],
  [/^user\.\w+\.email may not be "", "a"/, 'an address has a domain; RFC 5321 bounds it'],
  [/^user\.\w+\.phone may not be "a+… of 66/, LIMITED],
  [/^user\.create\.lastActTimestamp is there$/, SENT_BACK],
  [/^token\.response\.token is ours$/, 'in the answer to POST alone'],
  [/^roleBinding\.\w+\.principalType is there$/, SENT_BACK],
  [/^roleBinding\.\w+\.roleConstraints may not be/, LIMITED],
  [/^cluster\.\w+\.privateRouteID may not be/, 'described as 1 to 255 characters'],
  [/^cluster\.create\.connectorInstall is taken$/, 'a published client sends it'],
  [/^managedCluster\.update\.connectorCapabilities is taken$/, 'recorded bodies have it'],
  [/^app\.create\.namespace is taken$/, 'documented workflows send it with version 2.0'],
  [/^app\.update\.links is there$/, SENT_BACK],
  [/^app\.response\.restoreFilter\.GVKN\[\]\.names may be/, NAMES],
  [/^appAsset\.response\.assetName may be/, NAMES],
  [/^volume\.response\.(name|internalName) may be/, NAMES],
  [/^appSnap\.response\.snapshotCreationTimestamp is ours$/, 'recorded bodies have it'],
  [/^schedule\.\w+\.(minute|hour|dayOfMonth) may not be/, 'a number of its range, as a whole'],
  [/^schedule\.\w+\.recurrenceRule may not be "a+… of 1026/, LIMITED],
  [/^executionHook\.create\.matchingCriteria\[\]\.\w+ is required$/, 'half of one has no meaning'],
  [/^executionHook\.create\.appID is optional$/, 'the path of an app says it'],
  [/^executionHook\.update\.matching(Containers|Images)[\w.[\]]* is there$/, SENT_BACK],
  [/^appMirror\.create\.stateDesired may not be "failedOver", "deleted"$/, 'so documented'],
]

/** Documented members that no answer has; in coming-from-astra-control.md, for users. */
const NEVER_ANSWERED: Readonly<Record<string, string>> = {
  bucket: 'retentionTime',
  cluster:
    'managedStateDetails tridentVersion acpVersion tridentManagedState tridentManagedStateDesired tridentManagedStateDetails tridentManagedStateAllowed accHost clusterCreationTimestamp credentialID location privateRouteID connectorCapabilities apiServiceID',
  managedCluster:
    'managedStateDetails tridentVersion acpVersion tridentManagedState tridentManagedStateDesired tridentManagedStateDetails tridentManagedStateAllowed accHost clusterCreationTimestamp credentialID location privateRouteID apiServiceID',
  namespace: 'systemType',
  storageClass: 'maxSnapshotCount maxBackupCount price currency performance resilience',
  app: 'appDetectedType replicationSourceAppID',
  // What the documents of 23.04 leave out, stateUnready says.
  appBackup: 'stateDetails',
  volume:
    'used usedPercentage creationToken pvcName storageBackendID serviceLevel exportPolicy nodeId healthState',
  event: 'descriptionURL correctiveActionURL resourceCollectionURL data.isAcknowledgeable',
  notification: 'descriptionURL correctiveActionURL resourceCollectionURL data.isAcknowledgeable',
}

let api: TestApi
let served: ServedPaths
let differences: readonly string[]
before(async () => {
  api = await makeTestApi()
  served = (await api.call('GET', '/openapi.json', { token: null })).body.paths
  differences = REFERENCE.flatMap((resource) => memberDifferences(resource, served))
})
after(() => api.close())

describe('the application dialect, as documented', () => {
  test('paths, methods and list parameters', () => {
    assert.deepEqual(
      REFERENCE.flatMap((resource) => routeDifferences(resource, served)),
      [],
    )
    const rows = REFERENCE.flatMap(({ collections }) => collections.map(parseCollection))
    const known = new Set(rows.flatMap(({ collection, item }) => [collection.path, item.path]))
    const more = Object.keys(served).filter((path) => !known.has(path))
    const unknown = more.filter((path) => !EMPTY_PATHS.test(path) && !OWN_PATHS.test(path))
    assert.deepEqual(unknown, [])
  })

  test('versions and members differ only as explained', () => {
    const unexplained = differences.filter(
      (difference) => !EXPLAINED.some(([pattern]) => pattern.test(difference)),
    )
    assert.deepEqual(unexplained, [])
    const gone = EXPLAINED.filter(([pattern]) => !differences.some((one) => pattern.test(one)))
    assert.deepEqual(gone, [])
  })

  test('members that are never answered are those listed', () => {
    const absent = differences.filter((one) => / is absent$/.test(one))
    const listed = Object.entries(NEVER_ANSWERED).flatMap(([resource, members]) =>
      members.split(' ').map((member) => `${resource}.response.${member} is absent`),
    )
    assert.deepEqual(absent.toSorted(), listed.toSorted())
  })

  test('a difference of every kind is seen', () => {
    const schedules = REFERENCE.find(({ name }) => name === 'schedule')
    assert.ok(schedules !== undefined)
    const before = memberDifferences(schedules, served)
    const seen = (from: string, to: string) =>
      memberDifferences(changed(schedules, from, to), served).filter(
        (difference) => !before.includes(difference),
      )
    assert.deepEqual(seen('1.0 1.1', '1.1'), [
      'schedule.create.version is 1.0 1.1 1.2 1.3',
      'schedule.update.version is 1.0 1.1 1.2 1.3',
      'schedule.response.version is 1.0 1.1 1.2 1.3',
    ])
    assert.deepEqual(seen('name !+! str 1-63', 'name ++! str 1-63'), [
      'schedule.create.name is required',
    ])
    assert.deepEqual(seen('hourly daily', 'yearly daily'), [
      'schedule.create.granularity may not be "yearly"',
      'schedule.update.granularity may not be "yearly"',
      'schedule.response.granularity may be "hourly"',
    ])
    assert.match(
      seen('name !+! str 1-63', 'name !+! str 0-64').join(),
      /create\.name may not be ""/,
    )
    assert.match(seen('name !+! str 1-63', 'name !+! str 1-40').join(), /response\.name may be/)
    assert.deepEqual(seen('replicate +++ tf', 'replicates +++ tf'), [
      ...['schedule.create.replicates is absent', 'schedule.create.replicate is taken'],
      ...['schedule.update.replicates is absent', 'schedule.update.replicate is taken'],
      ...['schedule.response.replicates is absent', 'schedule.response.replicate is ours'],
    ])
  })
})

function changed(resource: ReferenceResource, from: string, to: string): ReferenceResource {
  const { fields, versions } = resource
  assert.ok(`${versions} ${fields}`.includes(from))
  return {
    ...resource,
    versions: versions.replace(from, to),
    fields: fields.replace(from, to),
  }
}
