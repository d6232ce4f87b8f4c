import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  isAwsEndpoint,
  isBucketName,
  readS3Keys,
  readServerURL,
  regionOf,
  resticURLOf,
  s3StoreOf,
} from './s3-place.ts'

test('a server is a URL, a host or a host with a port', () => {
  for (const [given, endpoint] of [
    ['https://s3.example.org', 'https://s3.example.org'],
    ['HTTPS://S3.Example.ORG:443/', 'https://s3.example.org'],
    ['http://10.0.0.1:9000', 'http://10.0.0.1:9000'],
    ['s3.example.org', 'https://s3.example.org'],
    ['s3.example.org:9000', 'https://s3.example.org:9000'],
    ['localhost:7070', 'https://localhost:7070'],
    ['[::1]:9000', 'https://[::1]:9000'],
    ['http://0x7f.1', 'http://127.0.0.1'],
  ] as const) {
    assert.deepEqual(readServerURL(given, 'generic-s3'), { value: endpoint }, given)
  }
})

test('what is more than a server is refused', () => {
  for (const given of [
    '',
    'https://s3.example.org/bucket',
    'https://s3.example.org?x=1',
    'https://s3.example.org/#',
    'https://user:secret@s3.example.org',
    'ftp://s3.example.org',
    'file:///etc/passwd',
    'https://',
    's3 example',
    'http://a\\b',
  ]) {
    assert.ok(readServerURL(given, 'generic-s3').reason, given)
  }
  assert.deepEqual(readServerURL('', 'aws'), { value: 'https://s3.amazonaws.com' })
})

test('an accepted server is read the same once more', () => {
  fc.assert(
    fc.property(fc.webUrl({ validSchemes: ['http', 'https'] }), (url) => {
      const first = readServerURL(new URL(url).origin, 'generic-s3')
      assert.deepEqual(readServerURL(first.value ?? '', 'generic-s3'), first)
    }),
  )
})

test('Amazon is known by its names, and the region is in them', () => {
  assert.ok(isAwsEndpoint('https://s3.amazonaws.com'))
  assert.ok(isAwsEndpoint('https://s3.cn-north-1.amazonaws.com.cn'))
  assert.ok(!isAwsEndpoint('https://amazonaws.com.example.org'))
  assert.ok(!isAwsEndpoint('https://notamazonaws.com'))
  assert.equal(regionOf('https://s3.eu-west-1.amazonaws.com'), 'eu-west-1')
  assert.equal(regionOf('https://s3-us-west-2.amazonaws.com'), 'us-west-2')
  assert.equal(regionOf('https://s3.dualstack.eu-central-1.amazonaws.com'), 'eu-central-1')
  assert.equal(regionOf('https://s3.amazonaws.com'), 'us-east-1')
  assert.equal(regionOf('http://10.0.0.1:9000'), 'us-east-1')
})

test('names of buckets', () => {
  for (const name of ['backups', 'a.b-c', 'abc', 'Old_Bucket']) assert.ok(isBucketName(name), name)
  for (const name of ['', 'ab', '-abc', 'a/b', 'a..b', 'x'.repeat(64), 'é-bucket']) {
    assert.ok(!isBucketName(name), name)
  }
})

test('the keys of a server: what is missing and what is wrong is named, never shown', () => {
  const keyStore = { accessKey: 'AK', accessSecret: 's/+=', region: 'eu-west-1', other: 'ignored' }
  assert.deepEqual(readS3Keys(keyStore), {
    keys: {
      accessKeyID: 'AK',
      secretAccessKey: 's/+=',
      region: 'eu-west-1',
    },
  })
  const wrong = readS3Keys({
    accessKey: 'two words',
    certificateAuthority: 'no certificate',
    addressing: 'dns',
  })
  assert.ok('faults' in wrong)
  const names = wrong.faults.map(({ name }) => name).toSorted()
  assert.deepEqual(names, ['accessKey', 'accessSecret', 'addressing', 'certificateAuthority'])
  assert.doesNotMatch(JSON.stringify(wrong), /two words|no certificate/)
})

test('a store and the address for restic', () => {
  const place = { endpoint: 'https://s3.eu-west-1.amazonaws.com', bucketName: 'b' }
  const keys = { accessKeyID: 'AK', secretAccessKey: 's' }
  assert.deepEqual(
    s3StoreOf({ ...place, keys, prefix: 'accounts/1/', mayReachPrivateNetworks: true }),
    {
      kind: 's3',
      endpoint: 'https://s3.eu-west-1.amazonaws.com',
      region: 'eu-west-1',
      bucket: 'b',
      prefix: 'accounts/1',
      addressing: 'virtual-host',
      ...keys,
      mayReachPrivateNetworks: true,
    },
  )
  const own = { ...place, endpoint: 'http://10.0.0.1:9000', keys, prefix: '' }
  assert.equal(s3StoreOf({ ...own, mayReachPrivateNetworks: true }).addressing, 'path')
  assert.equal(
    resticURLOf(place, 'accounts/1/'),
    's3:https://s3.eu-west-1.amazonaws.com/b/accounts/1',
  )
})
