import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { keepTail } from './byte-tail.ts'

test('any bytes in any pieces: printable, bounded, and the end of them', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 10 }),
      fc.integer({ min: 1, max: 100 }),
      (pieces, bytesMax) => {
        const tail = keepTail(bytesMax)
        for (const piece of pieces) tail.append(piece)
        const { text, isCut } = tail.text()
        assert.ok(Buffer.byteLength(text) <= bytesMax)
        assert.doesNotMatch(text, /[^\P{Cc}\t\n]/u)
        if (Buffer.concat(pieces).length > bytesMax) assert.equal(isCut, true)
      },
    ),
  )
})

test('text within the bound stays as it is; what is cut is cut between characters', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-zéπ語😀\n\t]{0,60}$/u), fc.nat(200), (text, bytesMax) => {
      const tail = keepTail(bytesMax + 1)
      tail.append(Buffer.from(text))
      const kept = tail.text()
      assert.equal(kept.isCut, kept.text !== text)
      assert.ok(text.endsWith(kept.text))
      assert.ok(Buffer.byteLength(text) - Buffer.byteLength(kept.text) < 4 || kept.isCut)
    }),
  )
})

test('what is not printable takes more room, and then the end is kept', () => {
  const tail = keepTail(10)
  tail.append(Buffer.from('\0\0\0end'))
  assert.deepEqual(tail.text(), { text: '0\\x00\\x00end'.slice(-10), isCut: true })
})
