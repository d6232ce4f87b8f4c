import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failureOf } from '../engine-failure.ts'
import { decodeConfig, encodeConfig } from './config.ts'

const ID = 'ab'.repeat(32)
const GOLDEN = `{"version":2,"id":"${ID}","chunker_polynomial":"3da3358b4dc173"}`

test('the golden config is written and read', () => {
  const config = decodeConfig(Buffer.from(GOLDEN))
  assert.deepEqual(config, {
    version: 2,
    id: ID,
    chunkerPolynomial: '3da3358b4dc173',
    unknownMembers: {},
  })
  assert.equal(encodeConfig(config).toString(), GOLDEN)
})

test('members of other programs are kept', () => {
  const json = GOLDEN.replace('}', ',"append_only":true,"chunk_size":1048576,"x":[1,{"y":"<"}]}')
  const config = decodeConfig(Buffer.from(json))
  assert.deepEqual(config.unknownMembers, {
    append_only: true,
    chunk_size: 1048576,
    x: [1, { y: '<' }],
  })
  assert.equal(encodeConfig(config).toString(), json.replace('<', '\\u003c'))
})

test('what is not a config is refused with a reason', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['', /not JSON/],
    ['null', /not a JSON object/],
    ['{}', /version undefined/],
    [GOLDEN.replace('2', '3'), /version 3/],
    [GOLDEN.replace(ID, 'AB'), /id is not/],
    [GOLDEN.replace('3da3358b4dc173', '0x3'), /chunker_polynomial/],
  ]
  for (const [json, reason] of cases) {
    assert.throws(
      () => decodeConfig(Buffer.from(json)),
      (error) => reason.test(failureOf(error, 'format-invalid')?.reason ?? ''),
      json,
    )
  }
})
