// The real clock, for tests and the programs that they start.

export function systemNow(): Date {
  return new Date()
}
