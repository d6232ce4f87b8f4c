// Sends a problem: RFC 9457 details with what happened, to which resource, and what to do next.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { PROBLEMS, problemType } from './problem-catalogue.ts'
import type { ProblemAnswer } from './problems.ts'

const MemberSchema = Type.Object(
  { name: Type.String(), reason: Type.String() },
  { additionalProperties: false },
)

export const ProblemSchema = Type.Object(
  {
    type: Type.String({ pattern: '^https://astra\\.netapp\\.io/problems/[1-9][0-9]*$' }),
    title: Type.String(),
    detail: Type.String(),
    status: Type.String({ pattern: '^[45][0-9][0-9]$' }),
    correlationID: Type.String({ description: 'Id of the request, as in the log.' }),
    invalidParams: Type.Optional(Type.Array(MemberSchema, { minItems: 1 })),
    invalidFields: Type.Optional(Type.Array(MemberSchema, { minItems: 1 })),
    schemaValidationFailure: Type.Optional(Type.String()),
    holdfast: Type.Object(
      {
        resource: Type.String({ minLength: 1, description: 'To what it happened.' }),
        reason: Type.String({ minLength: 1, description: 'What happened.' }),
        remedy: Type.String({ minLength: 1, description: 'What to do next.' }),
      },
      { additionalProperties: false },
    ),
  },
  { $id: 'Problem', additionalProperties: false },
)

export function sendProblem(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: ProblemAnswer,
): FastifyReply {
  const body = problemBody(answer, request.id, request.url.split('?')[0] ?? '')
  const headers = { ...answer.headers, 'content-type': 'application/problem+json' }
  return reply.code(PROBLEMS[answer.problem].status).headers(headers).send(body)
}

/**
 * `path` is named where the answer names no resource. Bytes, since Fastify adds a charset to the
 * type of anything else.
 */
export function problemBody(answer: ProblemAnswer, correlationID: string, path: string): Buffer {
  const { problem, invalidParams, invalidFields, schemaValidationFailure } = answer
  const { title, detail, status } = PROBLEMS[problem]
  const body = {
    type: problemType(problem),
    title,
    detail,
    status: String(status),
    correlationID,
    ...(invalidParams === undefined ? {} : { invalidParams }),
    ...(invalidFields === undefined ? {} : { invalidFields }),
    ...(schemaValidationFailure === undefined ? {} : { schemaValidationFailure }),
    holdfast: {
      resource: answer.resource ?? path,
      reason: answer.reason,
      remedy: answer.remedy,
    },
  }
  return Buffer.from(JSON.stringify(body))
}
