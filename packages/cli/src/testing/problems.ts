// What a refused call must answer.
import assert from 'node:assert/strict'
import type { Answer } from '../service-client.ts'

export function assertProblem(answer: Answer, status: number, problem: number): void {
  const { type } = answer.body as { readonly type?: string }
  assert.deepEqual(
    { status: answer.status, type },
    { status, type: `https://astra.netapp.io/problems/${problem}` },
    JSON.stringify(answer.body),
  )
}
