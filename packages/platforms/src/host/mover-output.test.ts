// How a mover's output is read: events in whatever pieces they arrive, stderr without secrets.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MoverEvent } from '@holdfast/domain'
import fc from 'fast-check'
import { EventLineError, readEvents } from './event-lines.ts'
import { createStderrTail, secretsIn } from './stderr-tail.ts'

test('events arrive whole, however their bytes are cut', async () => {
  const arbitraryEvent = fc.record({
    event: fc.constant('failed' as const),
    failure: fc.record({ code: fc.constant('wrong-password' as const), text: fc.string() }),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(arbitraryEvent),
      fc.array(fc.nat(40), { minLength: 1 }),
      async (events, sizes) => {
        const lines = events.map((event) => `${JSON.stringify(event)}\n`).join('')
        const read = await Array.fromAsync(readEvents(pieces(Buffer.from(lines), sizes)))
        assert.deepEqual(read, JSON.parse(JSON.stringify(events)))
      },
    ),
  )
})

test('what is no event is refused; what a dying mover cut off is not', async () => {
  for (const text of ['no JSON\n', '[]\n', '{"event":"party"}\n', '\n']) {
    await assert.rejects(
      Array.fromAsync(readEvents(pieces(Buffer.from(text), [3]))),
      EventLineError,
    )
  }
  const scanned: MoverEvent = { event: 'scanned', entries: 1, bytes: 1 }
  const cut = Buffer.from(`${JSON.stringify(scanned)}\n{"event":"resu`)
  assert.deepEqual(await Array.fromAsync(readEvents(pieces(cut, [7]))), [scanned])
})

test('a line without an end is refused before it fills the memory', async () => {
  const block = Buffer.alloc(1024 * 1024, 0x20)
  let given = 0
  async function* endless() {
    for (; given < 100; given += 1) yield block
  }
  await assert.rejects(Array.fromAsync(readEvents(endless())), EventLineError)
  assert.ok(given < 20)
})

test('no secret of a job is in the tail, wherever it was cut', () => {
  const job = { repository: { keys: { encrypt: 'secret-one' } }, password: 'secret-two', id: 'x' }
  const secrets = secretsIn(job)
  assert.deepEqual(secrets.toSorted(), ['secret-one', 'secret-two'])
  fc.assert(
    fc.property(fc.nat(9000), fc.array(fc.nat(40), { minLength: 1 }), (padding, sizes) => {
      const tail = createStderrTail(secrets)
      const text = `before secret-one secret-two ${'.'.repeat(padding)}`
      for (const piece of cut(Buffer.from(text), sizes)) tail.append(piece)
      assert.doesNotMatch(tail.text(), /secret-|-one|-two|ecret/)
      assert.ok(Buffer.byteLength(tail.text()) <= 8192)
      assert.equal(tail.text().endsWith('.'.repeat(Math.min(padding, 8000))), true)
    }),
  )
})

async function* pieces(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  yield* cut(bytes, sizes)
}

function* cut(bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
  let start = 0
  for (let index = 0; start < bytes.length; index += 1) {
    const size = 1 + (sizes[index % sizes.length] ?? 0)
    yield bytes.subarray(start, start + size)
    start += size
  }
}
