// What the fields of each vendor mean for a bucket and its credential, and back.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { IntegrationVendor } from './integration-vendors.ts'
import { type IntegrationValues, readVendorPlace, shownValuesOf, vendorOf } from './vendor-place.ts'

const KEYS = { key_id: 'AKIA', secret: 'hush' }

test('Amazon is reached in the region that is said', () => {
  const place = placeOf('aws-s3', {
    auth: { ...KEYS, region: 'eu-west-1' },
    extra: { bucket: 'backups' },
  })
  assert.deepEqual(place, {
    kind: 's3',
    provider: 'aws',
    serverURL: 'https://s3.eu-west-1.amazonaws.com',
    bucketName: 'backups',
    prefix: '',
    keys: { accessKey: 'AKIA', accessSecret: 'hush', region: undefined },
  })
  const china = placeOf('aws-s3', {
    auth: { ...KEYS, region: 'cn-north-1' },
    extra: { bucket: 'backups' },
  })
  assert.equal('serverURL' in china && china.serverURL, 'https://s3.cn-north-1.amazonaws.com.cn')
})

test('another server of S3 gets the region that it expects', () => {
  const place = placeOf('aws-s3', {
    auth: { ...KEYS, region: 'garage' },
    extra: { bucket: 'backups', endpoint: 'https://s3.example.org:3900' },
  })
  assert.partialDeepStrictEqual(place, {
    provider: 'generic-s3',
    serverURL: 'https://s3.example.org:3900',
    keys: { region: 'garage' },
  })
})

test('a region that is not that of the endpoint is refused; one that it does not tell is kept', () => {
  const auth = { ...KEYS, region: 'eu-west-1' }
  const at = (endpoint: string) => ({ auth, extra: { bucket: 'backups', endpoint } })
  const elsewhere = at('https://s3.us-west-2.amazonaws.com')
  assert.deepEqual(faultsOf('aws-s3', elsewhere), ['auth.region wrong'])
  const global = placeOf('aws-s3', at('https://s3.amazonaws.com'))
  assert.partialDeepStrictEqual(global, { provider: 'aws', keys: { region: 'eu-west-1' } })
  const bucketParameters = { s3: { serverURL: 'https://s3.amazonaws.com', bucketName: 'backups' } }
  assert.deepEqual(shownValuesOf({ provider: 'aws', bucketParameters }).auth, {})
})

test('what every object has is no field', () => {
  const auth = { ...KEYS, region: 'eu-west-1' }
  const inherited = ['constructor', 'toString', '__proto__']
  const extra = Object.fromEntries(inherited.map((field) => [field, 'x']))
  assert.deepEqual(
    faultsOf('aws-s3', { auth, extra: { bucket: 'backups', ...extra } }),
    inherited.map((field) => `extra.${field} wrong`),
  )
})

test('Backblaze is found by its region, by its endpoint, or by the key', () => {
  const expected = {
    provider: 'generic-s3',
    serverURL: 'https://s3.us-west-004.backblazeb2.com',
    keys: { region: 'us-west-004' },
  }
  const extra = { bucket: 'backups' }
  const key_id = '0041234567890ab0000000001'
  for (const values of [
    { auth: { ...KEYS, region: 'us-west-004' }, extra },
    { auth: KEYS, extra: { ...extra, endpoint: 'https://s3.us-west-004.backblazeb2.com' } },
    { auth: { ...KEYS, key_id }, extra },
    { auth: { ...KEYS, key_id, region: null }, extra: { ...extra, endpoint: '' } },
  ]) {
    assert.partialDeepStrictEqual(placeOf('backblaze-b2', values), expected)
  }
  assert.deepEqual(faultsOf('backblaze-b2', { auth: KEYS, extra }), ['auth.region missing'])
})

test('every fault is named, and no value', () => {
  assert.deepEqual(faultsOf('aws-s3', { auth: {}, extra: {} }), [
    'auth.key_id missing',
    'auth.secret missing',
    'auth.region missing',
    'extra.bucket missing',
  ])
  const values = {
    auth: { ...KEYS, region: 'EU West', namespace: 'n' },
    extra: { bucket: '..', prefix: 'a/../b', endpoint: 'ftp://host' },
  }
  assert.deepEqual(faultsOf('aws-s3', values), [
    'auth.region wrong',
    'auth.namespace wrong',
    'extra.bucket wrong',
    'extra.prefix wrong',
  ])
  const withEndpoint = {
    auth: { ...KEYS, region: 'x' },
    extra: { bucket: 'backups', endpoint: 'ftp://host' },
  }
  assert.deepEqual(faultsOf('aws-s3', withEndpoint), ['extra.endpoint wrong'])
  assert.deepEqual(faultsOf('holdfast-local', { auth: KEYS, extra: { path: 'relative' } }), [
    'auth.key_id wrong',
    'auth.secret wrong',
    'extra.path wrong',
  ])
})

test('what is shown of an integration, sent again with its keys, is the same place', () => {
  const cases: readonly (readonly [IntegrationVendor, IntegrationValues])[] = [
    ['aws-s3', { auth: { region: 'eu-west-1' }, extra: { bucket: 'backups' } }],
    [
      'aws-s3',
      {
        auth: { region: 'eu-west-1' },
        extra: { bucket: 'b-1', endpoint: 'https://s3.dualstack.eu-west-1.amazonaws.com' },
      },
    ],
    [
      'backblaze-b2',
      { auth: { region: 'us-east-005' }, extra: { bucket: 'backups', prefix: 'a/b' } },
    ],
    ['vultr', { auth: { region: 'ewr1' }, extra: { bucket: 'backups' } }],
    ['holdfast-local', { auth: {}, extra: { path: '/srv/backups' } }],
  ]
  for (const [vendor, values] of cases) {
    const auth = vendor === 'holdfast-local' ? {} : { ...KEYS, ...values.auth }
    const place = placeOf(vendor, { auth, extra: values.extra })
    const bucket =
      place.kind === 'local'
        ? { provider: 'local', bucketParameters: { local: { path: place.path } } }
        : {
            provider: place.provider,
            prefix: place.prefix,
            bucketParameters: {
              s3: { serverURL: place.serverURL, bucketName: place.bucketName },
            },
          }
    assert.equal(vendorOf(bucket), vendor)
    assert.deepEqual(shownValuesOf(bucket), values)
  }
})

test('a bucket of the other dialect has the vendor that its server is of', () => {
  const s3 = (serverURL: string) => ({ s3: { serverURL, bucketName: 'backups' } })
  const at = (provider: string, serverURL: string, vendor?: string) =>
    vendorOf({
      provider,
      bucketParameters: s3(serverURL),
      ...(vendor === undefined ? {} : { vendor }),
    })
  assert.equal(at('aws', ''), 'aws-s3')
  assert.equal(at('ontap-s3', 'https://ontap.example.org'), 'aws-s3')
  assert.equal(at('generic-s3', 's3.eu-central-003.backblazeb2.com'), 'backblaze-b2')
  assert.equal(at('generic-s3', 'https://cwobject.com', 'coreweave'), 'coreweave')
  assert.equal(at('aws', 'https://s3.eu-west-1.amazonaws.com', 'coreweave'), 'aws-s3')
})

function placeOf(vendor: IntegrationVendor, values: IntegrationValues) {
  const read = readVendorPlace(vendor, values)
  assert.ok('place' in read, JSON.stringify(read))
  return read.place
}

function faultsOf(vendor: IntegrationVendor, values: IntegrationValues): string[] {
  const read = readVendorPlace(vendor, values)
  assert.ok('faults' in read)
  assert.ok(!JSON.stringify(read.faults).includes('hush'))
  return read.faults.map(
    ({ group, field, isMissing }) => `${group}.${field} ${isMissing ? 'missing' : 'wrong'}`,
  )
}
