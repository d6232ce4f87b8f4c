// What unexpected failures are called where a resource has no names of its own.
import type { InternalProblems } from './resource-definition.ts'

export const PLAIN_INTERNAL_PROBLEMS: InternalProblems = {
  list: 101,
  get: 103,
  create: 105,
  update: 102,
  remove: 104,
}
