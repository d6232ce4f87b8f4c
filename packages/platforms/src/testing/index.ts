export type { PlatformHarness } from './platform-conformance.ts'
export { describePlatformConformance } from './platform-conformance.ts'
