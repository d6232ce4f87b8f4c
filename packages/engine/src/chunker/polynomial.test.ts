import assert from 'node:assert/strict'
import { createCipheriv } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { failureOf } from '../engine-failure.ts'
import {
  degreeOf,
  generatePolynomial,
  isIrreducible,
  parsePolynomial,
  remainder,
} from './polynomial.ts'

test('the reference polynomial is irreducible, its neighbour is not', () => {
  assert.equal(parsePolynomial('3da3358b4dc173'), 0x3da3358b4dc173n)
  assert.equal(isIrreducible(0x3da3358b4dc171n), false)
})

test('polynomials that stock refuses are refused with a reason', () => {
  for (const [text, reason] of [
    ['3da3358b4dc171', 'it is reducible'],
    ['7', 'its degree is not 53'],
    ['', 'it is not a hex number'],
    ['0x3da3358b4dc173', 'it is not a hex number'],
  ] as const) {
    assert.throws(
      () => parsePolynomial(text),
      (error) => failureOf(error, 'polynomial-invalid')?.reason === reason,
      text,
    )
  }
})

test('the 31st candidate from the key stream is the first irreducible one', () => {
  const keyStream = createCipheriv('aes-256-ctr', Buffer.alloc(32), Buffer.alloc(16))
  let tries = 0
  const polynomial = generatePolynomial((length) => {
    tries += 1
    return keyStream.update(Buffer.alloc(length))
  })
  assert.equal(polynomial, '26869c2410b7b1')
  assert.equal(tries, 31)
})

test('irreducible means that no smaller polynomial divides (all of degree up to 10)', () => {
  for (let polynomial = 2n; polynomial < 2048n; polynomial += 1n) {
    let hasDivisor = false
    for (let divisor = 2n; degreeOf(divisor) * 2 <= degreeOf(polynomial); divisor += 1n) {
      if (remainder(polynomial, divisor) === 0n) hasDivisor = true
    }
    assert.equal(isIrreducible(polynomial), !hasDivisor, polynomial.toString(2))
  }
})

test('a remainder is smaller than the divisor and a multiple away from the dividend', () => {
  const divisor = 0x3da3358b4dc173n
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 600n }), fc.nat(100), (dividend, shift) => {
      const rest = remainder(dividend, divisor)
      assert.ok(degreeOf(rest) < 53)
      assert.equal(remainder(dividend ^ (divisor << BigInt(shift)), divisor), rest)
    }),
  )
})
