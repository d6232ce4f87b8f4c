// How much a body may be made of. What is checked against a schema is told with every fault that it
// has, so a body of nothing but faults would keep everybody waiting, and be answered with more than
// was sent.

/** The largest bodies, whose lists name some hundred things, come nowhere near it. */
const VALUES_MAX = 10_000
/** Nothing that means something lies deeper; what is sent may be deeper than the stack is high. */
const DEPTH_MAX = 64

/** Why nothing further is looked at, as said after the name of the body. */
export function refusalOfSize(body: unknown): string | undefined {
  let count = 0
  let level: unknown[] = [body]
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > DEPTH_MAX) return `is nested more than ${DEPTH_MAX} deep`
    count += level.length
    if (count > VALUES_MAX) return `holds more than ${VALUES_MAX} values`
    level = level.flatMap((value) =>
      typeof value === 'object' && value !== null ? Object.values(value) : [],
    )
  }
  return undefined
}
