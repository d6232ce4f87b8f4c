// Polynomials over GF(2) as the bits of a bigint, and the choice of one for a new repository
// (repository format, sections 4.1 and 4.4).
import { EngineError } from '../engine-failure.ts'

const DEGREE = 53
const HEX_PATTERN = /^[0-9a-f]{1,16}$/
const X = 2n

/** Reads the config's hex text. Fails with `polynomial-invalid` unless irreducible, degree 53. */
export function parsePolynomial(text: string): bigint {
  if (!HEX_PATTERN.test(text)) fail('it is not a hex number')
  const polynomial = BigInt(`0x${text}`)
  if (degreeOf(polynomial) !== DEGREE) fail(`its degree is not ${DEGREE}`)
  if (!isIrreducible(polynomial)) fail('it is reducible')
  return polynomial
}

/**
 * Makes the polynomial of a new repository, as hex text. `randomBytes(8)` is called once per try;
 * about one in 27 passes.
 */
export function generatePolynomial(randomBytes: (length: number) => Buffer): string {
  for (;;) {
    const random = randomBytes(8).readBigUInt64LE()
    const candidate = (random & ((1n << 54n) - 1n)) | (1n << 53n) | 1n
    if (isIrreducible(candidate)) return candidate.toString(16)
  }
}

/** Ben-Or's test: no factor of degree up to half of the polynomial's own. */
export function isIrreducible(polynomial: bigint): boolean {
  if (polynomial < X) return false
  let power = X
  for (let degree = 1; degree <= Math.floor(degreeOf(polynomial) / 2); degree += 1) {
    power = remainder(multiply(power, power), polynomial)
    if (greatestCommonDivisor(polynomial, power ^ X) !== 1n) return false
  }
  return true
}

/** -1 for the zero polynomial. */
export function degreeOf(polynomial: bigint): number {
  return polynomial === 0n ? -1 : polynomial.toString(2).length - 1
}

export function remainder(dividend: bigint, divisor: bigint): bigint {
  const divisorDegree = degreeOf(divisor)
  let rest = dividend
  for (let shift = degreeOf(rest) - divisorDegree; shift >= 0; ) {
    rest ^= divisor << BigInt(shift)
    shift = degreeOf(rest) - divisorDegree
  }
  return rest
}

function multiply(left: bigint, right: bigint): bigint {
  let product = 0n
  for (let bits = right, shift = 0n; bits !== 0n; bits >>= 1n, shift += 1n) {
    if ((bits & 1n) === 1n) product ^= left << shift
  }
  return product
}

function greatestCommonDivisor(left: bigint, right: bigint): bigint {
  let [larger, smaller] = [left, right]
  while (smaller !== 0n) [larger, smaller] = [smaller, remainder(larger, smaller)]
  return larger
}

function fail(reason: string): never {
  throw new EngineError({ code: 'polynomial-invalid', reason })
}
